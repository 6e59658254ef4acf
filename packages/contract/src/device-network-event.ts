/**
 * One row as `sallyport events --json` prints it: the columns of DeviceNetworkEvents (defender-spec 2.1), in the
 * documented order, plus EventId. A column that has no value is null, never absent.
 */
export const DEVICE_NETWORK_EVENT_COLUMNS = [
  'Timestamp',
  'DeviceId',
  'DeviceName',
  'ActionType',
  'RemoteIP',
  'RemotePort',
  'RemoteUrl',
  'LocalIP',
  'LocalPort',
  'Protocol',
  'LocalIPType',
  'RemoteIPType',
  'InitiatingProcessSHA1',
  'InitiatingProcessSHA256',
  'InitiatingProcessMD5',
  'InitiatingProcessFileName',
  'InitiatingProcessFileSize',
  'InitiatingProcessVersionInfoCompanyName',
  'InitiatingProcessVersionInfoProductName',
  'InitiatingProcessVersionInfoProductVersion',
  'InitiatingProcessVersionInfoInternalFileName',
  'InitiatingProcessVersionInfoOriginalFileName',
  'InitiatingProcessVersionInfoFileDescription',
  'InitiatingProcessId',
  'InitiatingProcessCommandLine',
  'InitiatingProcessCreationTime',
  'InitiatingProcessFolderPath',
  'InitiatingProcessParentFileName',
  'InitiatingProcessParentId',
  'InitiatingProcessParentCreationTime',
  'InitiatingProcessAccountDomain',
  'InitiatingProcessAccountName',
  'InitiatingProcessAccountSid',
  'InitiatingProcessAccountUpn',
  'InitiatingProcessAccountObjectId',
  'InitiatingProcessIntegrityLevel',
  'InitiatingProcessTokenElevation',
  'ReportId',
  'AppGuardContainerId',
  'AdditionalFields',
  'InitiatingProcessSessionId',
  'IsInitiatingProcessRemoteSession',
  'InitiatingProcessRemoteSessionDeviceName',
  'InitiatingProcessRemoteSessionIP',
] as const;

export type DeviceNetworkEventColumn = (typeof DEVICE_NETWORK_EVENT_COLUMNS)[number];

const ACTION_TYPES = [
  'ConnectionSuccess',
  'ExploitGuardNetworkProtectionAudited',
  'ExploitGuardNetworkProtectionBlocked',
  /** Ours: an interval in which packets were not judged. */
  'ProtectionGap',
  /** Ours: records that could not be kept, with how many. */
  'EventsDropped',
  /** Ours: carries event id 5007, old and new value in AdditionalFields. */
  'SettingsChanged',
  /** Carries event id 5013: a change of a managed setting that was refused. */
  'TamperingAttempt',
] as const;
export type ActionType = (typeof ACTION_TYPES)[number];

export type DeviceNetworkEvent = {
  readonly [Column in Exclude<DeviceNetworkEventColumn, 'ActionType'>]: string | number | boolean | null;
} & {
  readonly ActionType: ActionType;
  /** 1125 audited, 1126 blocked, 5007 settings changed, 5013 change refused (defender-spec 3); 0 for rows that are no event-log entry. */
  readonly EventId: number;
};
