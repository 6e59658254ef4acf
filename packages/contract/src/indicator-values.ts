/**
 * The closed vocabularies of an indicator. Apart from indicator.ts, which builds schemas with TypeBox: loading that
 * costs a process 13 MB of memory, and the agent, which runs all day, needs the words alone.
 */
export const INDICATOR_TYPES = ['DomainName', 'Url', 'IpAddress'] as const;
export const INDICATOR_ACTIONS = ['Allowed', 'Audit', 'Warn', 'Block'] as const;
export const SEVERITIES = ['Informational', 'Low', 'Medium', 'High'] as const;

/** The fields that say whom an indicator or a category policy is for. */
export const SCOPE_FIELDS = ['users', 'executables', 'cgroups', 'containers'] as const;

export type IndicatorType = (typeof INDICATOR_TYPES)[number];
export type IndicatorAction = (typeof INDICATOR_ACTIONS)[number];
export type Severity = (typeof SEVERITIES)[number];
export type ScopeField = (typeof SCOPE_FIELDS)[number];
