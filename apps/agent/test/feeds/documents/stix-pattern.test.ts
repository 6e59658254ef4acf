import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { conclude } from '../../../src/feeds/documents/stix-conditions.ts';
import { type Expression, parsePattern } from '../../../src/feeds/documents/stix-pattern.ts';

/** The tree with every operator prefixed, `reason at offset` when there is none. */
function shape(text: string): string {
  const parsed = parsePattern(text);
  return parsed.kind === 'ok' ? print(parsed.value) : `${parsed.reason} at ${parsed.offset}`;
}

function print(node: Expression): string {
  switch (node.kind) {
    case 'comparison': {
      const values = node.values.map((value) =>
        typeof value === 'object' ? `${value.kind} ${value.text}` : JSON.stringify(value),
      );
      return `${node.path} ${node.negated ? 'NOT ' : ''}${node.operator} ${values.join(',')}`.trimEnd();
    }
    case 'qualified':
      return `(${node.qualifier.kind} ${print(node.operand)})`;
    default:
      return `(${node.kind} ${node.operands.map(print).join(' | ')})`;
  }
}

suite('grammar', () => {
  const CASES: ReadonlyArray<{ name: string; input: string; want: string }> = [
    { name: 'one comparison', input: "[a:b = 'c']", want: 'a:b = "c"' },
    { name: 'no white space', input: "[a:b='c']", want: 'a:b = "c"' },
    {
      name: 'AND binds tighter than OR',
      input: '[a:b=1 OR a:c=2 AND a:d=3]',
      want: '(or a:b = 1 | (and a:c = 2 | a:d = 3))',
    },
    { name: 'parentheses', input: '[(a:b=1 OR a:c=2) AND a:d=3]', want: '(and (or a:b = 1 | a:c = 2) | a:d = 3)' },
    { name: 'observations', input: '[a:b=1] OR [a:c=2] AND [a:d=3]', want: '(or a:b = 1 | (and a:c = 2 | a:d = 3))' },
    {
      name: 'FOLLOWEDBY is weakest',
      input: '[a:b=1] FOLLOWEDBY [a:c=2] OR [a:d=3]',
      want: '(followed-by a:b = 1 | (or a:c = 2 | a:d = 3))',
    },
    {
      name: 'qualifiers',
      input: '([a:b=1] AND [a:c=2] WITHIN 5.5 SECONDS) REPEATS 3 TIMES',
      want: '(repeats (and a:b = 1 | (within a:c = 2)))',
    },
    {
      name: 'a window',
      input: "[a:b=1] START t'2026-01-01T00:00:00Z' STOP t'2027-01-01T00:00:00Z'",
      want: '(start-stop a:b = 1)',
    },
    { name: 'sets', input: "[a:b NOT IN ('x', 2, true)]", want: 'a:b NOT IN "x",2,true' },
    {
      name: 'operators',
      input: "[a:b LIKE '%' AND a:b MATCHES '.' AND a:b ISSUBSET 'x' AND a:b ISSUPERSET 'y' AND a:b >= -1.5]",
      want: '(and a:b LIKE "%" | a:b MATCHES "." | a:b ISSUBSET "x" | a:b ISSUPERSET "y" | a:b >= -1.5)',
    },
    { name: 'other spellings', input: '[a:b == 1 and a:c <> 2]', want: '(and a:b = 1 | a:c != 2)' },
    {
      name: 'paths',
      input: "[file:hashes.'SHA-256' = 'x' OR n-t:refs[*].a[0].b = h'ff']",
      want: '(or file:hashes.SHA-256 = "x" | n-t:refs[].a[].b = bytes ff)',
    },
    { name: 'EXISTS', input: '[EXISTS url:value AND exists:a = 1]', want: '(and url:value EXISTS | exists:a = 1)' },
    { name: 'escapes', input: String.raw`[a:b = 'it\'s \\ \d']`, want: String.raw`a:b = "it's \\ d"` },
    { name: 'comments', input: '[a:b /* why */ = 1] // because', want: 'a:b = 1' },
    { name: 'a timestamp', input: "[a:b < t'2026-01-01T00:00:00Z']", want: 'a:b < timestamp 2026-01-01T00:00:00Z' },
    { name: 'nothing', input: '', want: '"[" or "(" is expected at 0' },
    { name: 'no bracket', input: 'a:b = 1', want: '"[" or "(" is expected at 0' },
    { name: 'unclosed bracket', input: '[a:b = 1', want: '"]" is expected at 8' },
    { name: 'unclosed string', input: "[a:b = 'x]", want: 'a string without its end at 7' },
    { name: 'unclosed comment', input: '[a:b /* = 1]', want: 'a comment without its end at 5' },
    { name: 'no value', input: '[a:b = ]', want: 'a value is expected at 7' },
    { name: 'no operator', input: "[a:b 'x']", want: 'an operator is expected at 5' },
    { name: 'no property', input: '[domain = 1]', want: '":" is expected at 8' },
    { name: 'a word as value', input: '[a:b = c]', want: 'a value is expected at 7' },
    { name: 'an empty set', input: '[a:b IN ()]', want: 'a value is expected at 9' },
    {
      name: 'something behind',
      input: '[a:b = 1] [a:b = 2]',
      want: 'AND, OR, FOLLOWEDBY or the end is expected at 10',
    },
    { name: 'a strange character', input: '[a:b = 1 & a:c = 2]', want: 'a character that no pattern has at 9' },
    { name: 'half a qualifier', input: '[a:b = 1] WITHIN 5', want: 'SECONDS is expected at 18' },
  ];
  for (const { name, input, want } of CASES) test(name, () => assert.equal(shape(input), want));

  test('deep parentheses are refused, wherever they stand', () => {
    assert.match(shape(`[${'('.repeat(100_000)}`), /^nested too deeply/);
    assert.match(shape('('.repeat(100_000)), /^nested too deeply/);
    assert.match(shape(`[a:b=1]${' REPEATS 1 TIMES'.repeat(1000)}`), /^fewer qualifiers/);
  });
});

/** `host evil.example suffix :443`, or the reason. */
function meaning(pattern: string): string[] {
  const parsed = parsePattern(pattern);
  assert.equal(parsed.kind, 'ok');
  return conclude(parsed.value).map((result) => {
    if (typeof result === 'string') return result;
    const { target, port } = result;
    const match = target.kind === 'host' ? ` ${target.match}` : '';
    return `${target.kind} ${target.value}${match}${port === null ? '' : ` :${port}`}`;
  });
}

suite('meaning', () => {
  const CASES: ReadonlyArray<{ name: string; input: string; want: readonly string[] }> = [
    {
      name: 'a name covers what is below it',
      input: "[domain-name:value = 'evil.example']",
      want: ['host evil.example suffix'],
    },
    { name: 'an address in a name', input: "[domain-name:value = '198.51.100.7']", want: ['address 198.51.100.7'] },
    {
      name: 'networks',
      input: "[ipv4-addr:value = '198.51.100.0/24' OR ipv6-addr:value ISSUBSET '2001:db8::/32']",
      want: ['address 198.51.100.0/24', 'address 2001:db8::/32'],
    },
    {
      name: 'a destination',
      input: "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '198.51.100.7']",
      want: ['address 198.51.100.7'],
    },
    {
      name: 'OR and IN',
      input: "[domain-name:value IN ('a.example', 'b.example') OR url:value = 'http://c.example/x']",
      want: ['host a.example suffix', 'host b.example suffix', 'url http://c.example/x'],
    },
    {
      name: 'OR of observations',
      input: "[domain-name:value = 'a.example'] OR [file:name = 'x']",
      want: ['host a.example suffix', 'other-type'],
    },
    {
      name: 'a port',
      input: "[domain-name:value = 'a.example' AND network-traffic:dst_port = 8443]",
      want: ['host a.example suffix :8443'],
    },
    {
      name: 'two ports',
      input: "[ipv4-addr:value = '198.51.100.7' AND network-traffic:dst_port IN (80, 443)]",
      want: ['address 198.51.100.7 :80', 'address 198.51.100.7 :443'],
    },
    { name: 'a port by itself', input: '[network-traffic:dst_port = 4444]', want: ['unsupported-pattern'] },
    {
      name: 'no such port',
      input: "[ipv4-addr:value = '198.51.100.7' AND network-traffic:dst_port = 70000]",
      want: ['combined-conditions'],
    },
    {
      name: 'TCP is given',
      input: "[ipv4-addr:value = '198.51.100.7' AND network-traffic:protocols[*] = 'tcp']",
      want: ['address 198.51.100.7'],
    },
    {
      name: 'UDP is not',
      input: "[ipv4-addr:value = '198.51.100.7' AND network-traffic:protocols[*] = 'udp']",
      want: ['combined-conditions'],
    },
    {
      name: 'a URL and its name',
      input: "[domain-name:value = 'Example.Com' AND url:value = 'http://www.example.com/x']",
      want: ['url http://www.example.com/x'],
    },
    {
      name: 'a URL and its address',
      input: "[url:value = 'http://198.51.100.7/x' AND ipv4-addr:value = '198.51.100.0/24']",
      want: ['url http://198.51.100.7/x'],
    },
    {
      name: 'a URL and another name',
      input: "[domain-name:value = 'other.example' AND url:value = 'http://www.example.com/x']",
      want: ['combined-conditions'],
    },
    {
      name: 'two observations of one thing',
      input: "[url:value = 'http://a.example/x'] FOLLOWEDBY [domain-name:value = 'a.example']",
      want: ['url http://a.example/x'],
    },
    {
      name: 'a name and a name below it',
      input: "[domain-name:value = 'a.example' AND domain-name:value LIKE '%.b.a.example']",
      want: ['host b.a.example subdomains'],
    },
    {
      name: 'a name and its address then',
      input: "[domain-name:value = 'a.example' AND domain-name:resolves_to_refs[*].value = '198.51.100.7']",
      want: ['combined-conditions'],
    },
    {
      name: 'two names',
      input: "[domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']",
      want: ['combined-conditions'],
    },
    {
      name: 'a name and a file',
      input: "[domain-name:value = 'a.example' AND file:name = 'x']",
      want: ['combined-conditions'],
    },
    {
      name: 'AND over OR',
      input:
        "[(domain-name:value = 'a.example' OR domain-name:value = 'b.example') AND network-traffic:dst_port = 443]",
      want: ['host a.example suffix :443', 'host b.example suffix :443'],
    },
    {
      name: 'negations',
      input:
        "[domain-name:value != 'a.example' OR url:value NOT IN ('x') OR domain-name:value = 'b.example' AND ipv4-addr:value != '192.0.2.1']",
      want: ['negated-pattern', 'negated-pattern', 'negated-pattern'],
    },
    {
      name: 'repeated',
      input: "[domain-name:value = 'a.example'] REPEATS 5 TIMES WITHIN 60 SECONDS",
      want: ['combined-conditions'],
    },
    {
      name: 'once within a minute',
      input: "[domain-name:value = 'a.example'] REPEATS 1 TIMES WITHIN 60 SECONDS",
      want: ['host a.example suffix'],
    },
    { name: 'the source', input: "[network-traffic:src_ref.value = '198.51.100.7']", want: ['source-address'] },
    {
      name: 'LIKE of names',
      input:
        "[domain-name:value LIKE '%.a.example' OR domain-name:value LIKE 'b.example' OR domain-name:value LIKE '%c.example']",
      want: ['host a.example subdomains', 'host b.example suffix', 'unsupported-pattern'],
    },
    {
      name: 'LIKE of URLs',
      input:
        "[url:value LIKE 'http://a.example/x%' OR url:value LIKE '%://b.example/%' OR url:value LIKE 'http://c.example%' OR url:value LIKE '%/gate.php']",
      want: ['url http://a.example/x', 'url http://b.example/', 'unsupported-pattern', 'unsupported-pattern'],
    },
    {
      name: 'MATCHES of names',
      input: String.raw`[domain-name:value MATCHES '^a\\.example$' OR domain-name:value MATCHES '\\.b\\.example$' OR domain-name:value MATCHES '(^|\\.)c\\.example$' OR domain-name:value MATCHES 'd\\.example' OR domain-name:value MATCHES '^[a-z]+\\.example$']`,
      want: [
        'host a.example suffix',
        'host b.example subdomains',
        'host c.example suffix',
        'unsupported-pattern',
        'unsupported-pattern',
      ],
    },
    {
      name: 'MATCHES of URLs',
      input: String.raw`[url:value MATCHES '^https?://a\\.example/x' OR url:value MATCHES '^http:\\/\\/b\\.example$' OR url:value MATCHES '^http://c\\.example' OR url:value MATCHES 'gate\\.php']`,
      want: ['url http://a.example/x', 'url http://b.example', 'unsupported-pattern', 'unsupported-pattern'],
    },
    {
      name: 'what cannot be an entry',
      input:
        "[EXISTS url:value OR domain-name:value > 'a' OR domain-name:value = 5 OR ipv4-addr:value ISSUPERSET '198.51.100.7']",
      want: ['unsupported-pattern', 'unsupported-pattern', 'unsupported-pattern', 'unsupported-pattern'],
    },
  ];
  for (const { name, input, want } of CASES) test(name, () => assert.deepEqual(meaning(input), want));

  test('patterns that would multiply are refused as a whole', () => {
    const either = (n: number): string =>
      `(domain-name:value = 'a${n}.example' OR network-traffic:dst_port = ${n + 1})`;
    assert.deepEqual(meaning(`[${Array.from({ length: 40 }, (_, n) => either(n)).join(' AND ')}]`), [
      'unsupported-pattern',
    ]);
    const chain = Array.from({ length: 1000 }, () => "domain-name:value = 'a.example'").join(' AND ');
    assert.deepEqual(meaning(`[${chain}]`), ['unsupported-pattern']);
  });

  test('a long list is not', () => {
    const list = Array.from({ length: 30_000 }, (_, n) => `'n${n}.example'`).join(', ');
    assert.equal(meaning(`[domain-name:value IN (${list}) AND network-traffic:dst_port = 443]`).length, 30_000);
  });
});

test('property: any text, and any sequence of tokens, is read or rejected', () => {
  const token = fc.constantFrom(
    '[',
    ']',
    '(',
    ')',
    ',',
    '=',
    '!=',
    '.',
    ':',
    '*',
    'AND',
    'OR',
    'NOT',
    'FOLLOWEDBY',
    'IN',
    'LIKE',
    'MATCHES',
    'EXISTS',
    'WITHIN',
    'SECONDS',
    'REPEATS',
    'TIMES',
    'START',
    'STOP',
    'domain-name:value',
    'url:value',
    'ipv4-addr:value',
    "'a.example'",
    "'^\\\\'",
    "'198.51.100.0/24'",
    "t'x'",
    '5',
    '//',
    '/*',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(token, { maxLength: 25 }).map((tokens) => tokens.join(' ')),
  );
  fc.assert(
    fc.property(text, (input) => {
      const parsed = parsePattern(input);
      if (parsed.kind === 'ok') assert.ok(conclude(parsed.value).length > 0);
      else assert.ok(parsed.offset <= input.length && parsed.reason !== '');
    }),
    { numRuns: 5000 },
  );
});
