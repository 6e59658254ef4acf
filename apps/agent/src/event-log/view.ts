/**
 * A view file: the XML of an event log query (`QueryList`), alone or inside the `ViewerConfig` that Event Viewer
 * exports.
 *
 * Easy to get wrong: an event belongs to the view when any Query selects it, and a Suppress takes away from its own
 * Query only. Selects from other channels are no mistake, they select nothing; a view that has nothing else is one.
 */
import type { DeviceNetworkEvent } from '@sallyport/contract/device-network-event';

import { quote } from '../indicators/quote.ts';
import { EVENT_IDS, isOurChannel } from './channel.ts';
import { eventElement } from './event-element.ts';
import { maySelect, selects } from './query-match.ts';
import { type Expression, readQuery } from './query.ts';
import { readXml, type SourceElement } from './read-xml.ts';
import { positionText, ViewError } from './view-error.ts';

export interface View {
  /** The ids that the view may select; other events need not be asked about. */
  readonly ids: readonly number[];
  selects(event: DeviceNetworkEvent, nowMs: number): boolean;
}

export const MAX_VIEW_BYTES = 1 << 20;

export type ReadView =
  | { readonly kind: 'ok'; readonly view: View }
  /** `position`: line and column, from 1. */
  | { readonly kind: 'rejected'; readonly position: string; readonly reason: string };

/** `bytes` as UTF-8, or as UTF-16 with a byte order mark, which Windows writes. Never throws. */
export function readView(bytes: Uint8Array): ReadView {
  const text = decode(bytes);
  if (text === null) return { kind: 'rejected', position: '1:1', reason: 'the file is neither UTF-8 nor UTF-16' };
  try {
    return { kind: 'ok', view: viewOf(readXml(text)) };
  } catch (error) {
    if (!(error instanceof ViewError)) throw error;
    return { kind: 'rejected', position: positionText(text, error.offset), reason: error.message };
  }
}

function decode(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

interface Query {
  readonly select: readonly Expression[];
  readonly suppress: readonly Expression[];
}

function viewOf(root: SourceElement): View {
  const list = queryListOf(root);
  const queries = list.children.map((element): Query => {
    if (element.name !== 'Query') throw unexpected(element, 'Query');
    return { select: queriesOf(element, 'Select'), suppress: queriesOf(element, 'Suppress') };
  });
  if (queries.every(({ select }) => select.length === 0)) {
    throw new ViewError(
      "the view selects from none of our channels: Sallyport/Operational, or Defender's Operational or WHC",
      list.offset,
    );
  }
  return {
    ids: EVENT_IDS.filter((id) => queries.some(({ select }) => select.some((query) => maySelect(query, id)))),
    selects(event, nowMs) {
      const element = eventElement(event);
      const anyOf = (expressions: readonly Expression[]): boolean =>
        expressions.some((query) => selects(query, element, nowMs));
      return queries.some(({ select, suppress }) => anyOf(select) && !anyOf(suppress));
    },
  };
}

/** Event Viewer's export: ViewerConfig > QueryConfig > QueryNode > QueryList. */
function queryListOf(root: SourceElement): SourceElement {
  if (root.name === 'QueryList') return root;
  if (root.name !== 'ViewerConfig') throw unexpected(root, 'QueryList or ViewerConfig');
  let element = root;
  for (const name of ['QueryConfig', 'QueryNode', 'QueryList']) {
    const below = element.children.find((child) => child.name === name);
    if (below === undefined) throw new ViewError(`<${element.name}> has no <${name}>`, element.offset);
    element = below;
  }
  return element;
}

/** The queries of `name` that are about our channel.. */
function queriesOf(query: SourceElement, name: 'Select' | 'Suppress'): readonly Expression[] {
  return query.children.flatMap((element) => {
    if (element.name !== 'Select' && element.name !== 'Suppress') throw unexpected(element, 'Select or Suppress');
    if (element.name !== name) return [];
    const path = element.attributes.get('Path') ?? query.attributes.get('Path');
    if (path === undefined) throw new ViewError(`<${name}> names no Path, and its Query neither`, element.offset);
    // Another channel's events have other names, so its queries are not ours to judge.
    return isOurChannel(path.text) ? [readQuery(element.text)] : [];
  });
}

const unexpected = (element: SourceElement, wanted: string): ViewError =>
  new ViewError(`${quote(element.name)} is not expected here, but ${wanted}`, element.offset);
