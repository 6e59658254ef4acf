/**
 * Which kind of threat intelligence document a JSON text is, from its first bytes.
 *
 * Easy to get wrong: keys come in any order and the head is cut anywhere, so this does not parse: it walks the tokens
 * and looks at the keys of the outer two levels.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/y;

/** Null: some other JSON, or none. */
export function documentFormat(head: string): 'stix' | 'misp' | null {
  const outer = outerKeys(head);
  if (outer === null) return null;
  const { keys, inner, firstType } = outer;
  const isMisp = (names: ReadonlySet<string>): boolean =>
    names.has('Event') || names.has('response') || names.has('Attribute') || names.has('EventReport');
  const isWarninglist =
    keys.has('list') && ['matching_attributes', 'description', 'version', 'type'].some((key) => keys.has(key));
  if (firstType === 'bundle' || keys.has('objects') || inner.has('spec_version') || keys.has('spec_version')) {
    return isMisp(keys) ? 'misp' : 'stix';
  }
  if (isMisp(keys) || isMisp(inner) || isWarninglist) return 'misp';
  // A feed's manifest: event ids, each with a summary.
  const isManifest = [...keys].every((key) => UUID.test(key)) && keys.size > 0;
  return isManifest && (inner.has('Orgc') || inner.has('info')) ? 'misp' : null;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface OuterKeys {
  /** Keys of the outermost object. */
  readonly keys: ReadonlySet<string>;
  /** Keys of the objects in it, or of the objects of the outermost array. */
  readonly inner: ReadonlySet<string>;
  /** The value of the first outermost `type`. */
  readonly firstType: string | null;
}

function outerKeys(head: string): OuterKeys | null {
  const keys = new Set<string>();
  const inner = new Set<string>();
  let firstType: string | null = null;
  let last = '';
  let key = '';
  const open: string[] = [];
  const text = head.trimStart();
  if (!/^[{[]/.test(text)) return null;
  for (let at = 0; at < text.length;) {
    while (at < text.length && /\s/.test(text.charAt(at))) at++;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) break;
    at += token.length;
    if (token === '{' || token === '[') {
      if (open.length >= MAX_DEPTH) break;
      open.push(token);
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ':' && last.startsWith('"')) {
      key = last.slice(1, -1);
      const objects = open.filter((bracket) => bracket === '{').length;
      if (objects === 1 && open[0] === '{') keys.add(key);
      else if (objects === 2 || (objects === 1 && open[0] === '[')) inner.add(key);
    } else if (last === ':' && key === 'type' && open.length === 1) {
      firstType ??= token.slice(1, -1);
    }
    last = token;
  }
  return { keys, inner, firstType };
}

const MAX_DEPTH = 100;
