/**
 * Web browsers by the file name of the process that opens connections, for WebContentFilteringProcesses=browsers. The
 * reference knows browsers by process name as well (defender-spec 4.6).
 *
 * Easy to get wrong: what a user starts is often a shell script; the names here are those of the programs behind it, of
 * distributions' packages, upstream's, Flatpak's and Snap's.
 */
export const BROWSERS: readonly string[] = [
  'brave',
  'brave-browser',
  'chrome',
  'chromium',
  'chromium-browser',
  'epiphany',
  'epiphany-browser',
  'falkon',
  'firefox',
  'firefox-bin',
  'firefox-esr',
  'google-chrome',
  'iceweasel',
  'konqueror',
  'librewolf',
  'midori',
  'msedge',
  'opera',
  'qutebrowser',
  'seamonkey',
  'vivaldi',
  'vivaldi-bin',
  'waterfox',
  // WebKitGTK and Qt WebEngine connect from a process of their own.
  'QtWebEngineProcess',
  'WebKitNetworkProcess',
];
