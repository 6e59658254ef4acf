/**
 * Undoes whatever a gate left behind that could not do it itself: `sweep.ts --state-dir DIRECTORY`. The launcher runs
 * it at the end of a stop in which the gate did not end cleanly; the next start would do the same.
 */
import { parseArgs } from 'node:util';

import { autocorking } from './borrowed-sysctl.ts';
import { ConntrackWatch, kernelConntrackTable } from './conntrack/watch.ts';
import { execute } from './execute.ts';
import { namesFor } from './ruleset/names.ts';
import { Ruleset } from './ruleset/ruleset.ts';
import { conntrackMemory, rulesetMemory, StateDirectory } from './state-directory.ts';

const { values } = parseArgs({ options: { 'state-dir': { type: 'string' } } });
const path = values['state-dir'];
if (path === undefined) throw new Error('usage: sweep.ts --state-dir DIRECTORY');
const state = new StateDirectory(path);
new Ruleset('iptables-nft', execute, namesFor(path), rulesetMemory(state)).remove();
new ConntrackWatch({
  table: kernelConntrackTable(),
  memory: conntrackMemory(state),
  othersTrack: () => true,
  stepAside: () => {},
  comeBack: () => {},
}).restore();
autocorking(state).restore();
state.stopBeating();
