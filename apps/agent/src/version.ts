/** The version that `status` shows; CHANGELOG.md has the same one at its top. */
export const VERSION = '0.1.0';
