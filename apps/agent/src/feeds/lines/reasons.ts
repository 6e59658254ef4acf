/** Why a line, row or item gives no entry. The texts are shown to users and stand in reports. */

/** Well formed and deliberately without an entry. */
export type SkipReason =
  /** `localhost` and its relatives. */
  | 'local-name'
  /** Loopback, unspecified and broadcast addresses. */
  | 'local-address'
  /** A name mapped to a real address, another name or another server: no block. */
  | 'address-mapping'
  /** A rule that applies only to some requests, pages, browsers or times. */
  | 'conditional-rule'
  /** An Adblock rule that hides or changes parts of pages. */
  | 'cosmetic-rule'
  /** A rule that matches parts of names or URLs, not one host. */
  | 'pattern-rule'
  | 'include'
  /** A setting of a resolver's configuration that is not about a name. */
  | 'other-setting'
  /** A zone file's record that blocks nothing. */
  | 'other-record'
  /** A response policy about the client or the name server. */
  | 'other-trigger'
  /** A rule that is not about names, URLs or addresses. */
  | 'other-rule'
  /** An indicator of another type: hashes, mail addresses, files. */
  | 'other-type'
  /** The names of the columns. */
  | 'header'
  /** A path without a host. */
  | 'path-only'
  /** A URL of another scheme than http and https. */
  | 'other-scheme'
  /** A row or item without a value. */
  | 'empty-value'
  /** Taken back by its source. */
  | 'revoked'
  /** No longer valid when it was read. */
  | 'expired'
  /** Valid from a later time on. */
  | 'not-yet-valid'
  /** A MISP attribute that is context, not for detection. */
  | 'not-to-ids'
  | 'deleted'
  /** A STIX pattern that cannot be expressed as entries. */
  | 'unsupported-pattern'
  /** A STIX pattern that holds only if several things are seen together. */
  | 'combined-conditions'
  /** A STIX indicator in another pattern language: Snort, Sigma, YARA. */
  | 'other-language'
  /** Marked as harmless by its source. */
  | 'benign'
  /** A STIX name, address or URL that was seen, with no indicator that says it is bad. */
  | 'observed-object'
  /** Where an attack comes from, not where connections go. */
  | 'source-address'
  /** A STIX pattern with a negation. */
  | 'negated-pattern'
  /** An object or list that describes something else. */
  | 'other-object'
  /** On a warninglist that came with the feed. */
  | 'warninglist';

/** Cannot be read. */
export type InvalidReason =
  | 'not a host name'
  | 'not an IP address'
  | 'not an address or CIDR'
  | 'a top-level domain'
  | 'empty label'
  | 'label longer than 63 bytes'
  | 'name longer than 253 bytes'
  | 'not an internationalised name'
  | 'not UTF-8'
  | 'bad port'
  | 'bad prefix length'
  | 'CIDR with host bits set'
  | 'covers every name'
  | 'a range of two address families'
  | 'a range that ends before it begins'
  | 'a hosts line'
  | 'an Adblock rule'
  | 'a wildcard inside a name'
  | 'no name after the address'
  | 'more than one column'
  | 'white space in a rule'
  | 'not a dnsmasq setting'
  | 'not an Unbound setting'
  | 'not a zone type'
  | 'not a BIND zone statement'
  | 'not a zone record'
  | 'outside of its zone'
  | 'a record without an owner'
  | 'not an rpz-ip name'
  | 'not a protection list line'
  | 'not a rule'
  | 'a rule without options'
  | 'bad content'
  | 'not base64'
  | 'no header row with a known column'
  | 'missing columns'
  | 'bad quoting'
  | 'bad confidence'
  | 'bad date'
  | 'unknown indicator type'
  | 'unclosed quote'
  | 'unclosed bracket'
  | 'longer than 4096 bytes'
  | 'longer than 65536 bytes';
