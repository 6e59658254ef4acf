/** Shows what somebody typed inside a message. */

/** Quoted, on one line, cut: whatever was typed ends up on a terminal. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > 100 ? `${text.slice(0, 99)}…` : text).replaceAll(/\p{C}/gu, '\uFFFD');
