/**
 * How a verdict is called in the event log and in DeviceEvents (specification 2.2 and 3). A warn is cut, so it is
 * recorded as blocked; that the user could have gone on is a row of its own.
 */
import type { Effect } from './verdict.ts';

export type ActionType = 'ExploitGuardNetworkProtectionBlocked' | 'ExploitGuardNetworkProtectionAudited';
export type EventId = 1125 | 1126;

const NAMES = {
  pass: null,
  audit: { actionType: 'ExploitGuardNetworkProtectionAudited', eventId: 1125 },
  warn: { actionType: 'ExploitGuardNetworkProtectionBlocked', eventId: 1126 },
  block: { actionType: 'ExploitGuardNetworkProtectionBlocked', eventId: 1126 },
} as const satisfies Record<Effect, { actionType: ActionType; eventId: EventId } | null>;

/** `ActionType` of the event to write; null when there is none. */
export const actionTypeOf = (effect: Effect): ActionType | null => NAMES[effect]?.actionType ?? null;

/** Event id in the operational log; null when there is no event. */
export const eventIdOf = (effect: Effect): EventId | null => NAMES[effect]?.eventId ?? null;
