/** A custom indicator, in the words of the reference's API (defender-spec 2.6) where it has them. */
import { type Static, Type } from 'typebox';

import { INDICATOR_ACTIONS, INDICATOR_TYPES, type IndicatorType, SEVERITIES } from './indicator-values.ts';

export type { IndicatorType } from './indicator-values.ts';

/** A closed vocabulary. `Unsafe` states the type that inference loses over an array of literals. */
const literals = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });

/** What somebody submits. Text fields are as typed; `readIndicator` of the agent canonicalises and checks them. */
export const IndicatorInput = Type.Object(
  {
    indicatorValue: Type.String({ minLength: 1, maxLength: 2048 }),
    /** Absent: derived from the value. */
    indicatorType: Type.Optional(literals(INDICATOR_TYPES)),
    action: literals(INDICATOR_ACTIONS),
    title: Type.Optional(Type.String({ maxLength: 256 })),
    description: Type.Optional(Type.String({ maxLength: 4096 })),
    expirationTime: Type.Optional(Type.String({ maxLength: 64, description: 'RFC 3339, in the future' })),
    severity: Type.Optional(literals(SEVERITIES)),
    recommendedActions: Type.Optional(Type.String({ maxLength: 4096 })),
    category: Type.Optional(Type.String({ maxLength: 64 })),
    mitreTechniques: Type.Optional(Type.Array(Type.String({ maxLength: 16 }), { maxItems: 64 })),
    rbacGroups: Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: 64 })),
    generateAlert: Type.Optional(Type.Boolean()),
    // Not of the reference: whom the indicator is for. All that are given must hold; of each, one item suffices.
    users: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), { maxItems: 64, description: 'names, uids or ranges: 1000-1999' }),
    ),
    executables: Type.Optional(
      Type.Array(Type.String({ maxLength: 1024 }), { maxItems: 64, description: 'absolute paths or file names' }),
    ),
    cgroups: Type.Optional(
      Type.Array(Type.String({ maxLength: 1024 }), {
        maxItems: 64,
        description: 'below the root, with a leading slash',
      }),
    ),
    containers: Type.Optional(
      Type.Array(Type.String({ maxLength: 256 }), { maxItems: 64, description: 'names, or ids from 12 digits on' }),
    ),
  },
  { additionalProperties: false },
);
export type IndicatorInput = Static<typeof IndicatorInput>;

export interface Indicator extends Omit<IndicatorInput, 'indicatorType' | 'expirationTime' | 'title'> {
  readonly id: string;
  readonly indicatorType: IndicatorType;
  /** Canonical: lower-case A-labels, RFC 5952 addresses, a CIDR's network, a port only where it is not the usual one. */
  readonly indicatorValue: string;
  readonly title: string;
  readonly expirationTime: string | null;
  readonly creationTimeDateTimeUtc: string;
  readonly lastUpdateTime: string;
}
