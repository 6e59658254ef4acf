/** `sallyport category list|block|unblock` and `sallyport category policy list|add|remove`. */
import type { CategoryPolicy } from '@sallyport/contract/category-policy';
import type { Control } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { CATEGORY_NAMES, categoryNamed } from '../../categories/read-category-policy.ts';
import { DEFAULT_STATE_DIRECTORY } from '../../state/state-directory.ts';
import { expectPositionals } from '../arguments.ts';
import { didYouMean } from '../closest.ts';
import { type Context, printLines } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printable, printableJson } from '../safe-text.ts';
import { renderCategories, renderPolicies, renderPolicyChange } from '../screens/categories.ts';
import { noticeWhenStored } from '../stored-notice.ts';
import { argumentsOf, takeSubCommand } from '../sub-command.ts';
import { UsageError } from '../usage-error.ts';

/** The policy that is meant when none is named. */
const DEFAULT_POLICY = 'default';

export async function run(args: readonly string[], context: Context): Promise<number> {
  const { name, rest } = takeSubCommand('category', ['policy', 'list', 'block', 'unblock'], args);
  switch (name) {
    case 'list':
      return list(rest, context);
    case 'block':
      return change('category block', rest, context, (before, names) => [...before, ...names]);
    case 'unblock':
      return change('category unblock', rest, context, (before, names) => without(before, names));
    case 'policy':
      return policy(rest, context);
  }
}

async function list(args: readonly string[], context: Context): Promise<number> {
  const { options, positionals } = argumentsOf('category list', args);
  expectPositionals('category list', [], positionals);
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const categories = await opened.control.categories();
  await printLines(
    context.out,
    options.json ? [printableJson(categories, 2)] : renderCategories(categories, context.layout()),
  );
  return EXIT.ok;
}

async function change(
  path: 'category block' | 'category unblock',
  args: readonly string[],
  context: Context,
  apply: (before: readonly string[], names: readonly string[]) => readonly string[],
): Promise<number> {
  const { options, positionals } = argumentsOf(path, args);
  if (positionals.length === 0) throw new UsageError(`${path}: NAME is missing: sallyport ${path} NAME…`);
  const names = positionals.map((typed) => named(path, typed));
  await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
  const wanted = options.policy ?? DEFAULT_POLICY;
  const before = await find(opened.control, wanted);
  if (before === null && (options.policy !== undefined || path === 'category unblock')) throw unknownPolicy(wanted);
  const after = apply(before?.categories ?? [], names);
  const stored = await opened.control.putCategoryPolicy({ ...(before ?? emptyPolicy(wanted)), categories: after });
  await report(path === 'category block' ? 'blocked' : 'unblocked', stored, options.json, context);
  await noticeWhenStored(context, opened);
  return EXIT.ok;
}

/** A child of a blocked parent cannot be left out: the parent stands for all of its children. */
function without(before: readonly string[], names: readonly string[]): readonly string[] {
  const missing = names.find((name) => !before.includes(name));
  if (missing !== undefined) {
    throw new ControlError(
      'not-found',
      `${missing} is not blocked by this policy itself; category policy list shows what is, a parent stands for all below it`,
    );
  }
  return before.filter((name) => !names.includes(name));
}

async function policy(args: readonly string[], context: Context): Promise<number> {
  const { name, rest } = takeSubCommand('category policy', ['list', 'add', 'remove'], args);
  switch (name) {
    case 'list': {
      const { options, positionals } = argumentsOf('category policy list', rest);
      expectPositionals('category policy list', [], positionals);
      await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
      const policies = await opened.control.categoryPolicies();
      await printLines(
        context.out,
        options.json ? [printableJson(policies, 2)] : renderPolicies(policies, context.layout()),
      );
      return EXIT.ok;
    }
    case 'add': {
      const { options, positionals } = argumentsOf('category policy add', rest);
      expectPositionals('category policy add', ['NAME'], positionals);
      const categories = items(options.category).map((typed) => named('category policy add', typed));
      await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
      const stored = await opened.control.putCategoryPolicy({
        name: positionals[0] ?? '',
        categories,
        deviceGroups: items(options.group),
        users: items(options.user),
        executables: items(options.process),
      });
      await report('added', stored, options.json, context);
      await noticeWhenStored(context, opened);
      return EXIT.ok;
    }
    case 'remove': {
      const { options, positionals } = argumentsOf('category policy remove', rest);
      expectPositionals('category policy remove', ['NAME'], positionals);
      await using opened = await context.openControl(options['state-dir'] ?? DEFAULT_STATE_DIRECTORY);
      const removed = await opened.control.removeCategoryPolicy(positionals[0] ?? '');
      await report('removed', removed, options.json, context);
      await noticeWhenStored(context, opened);
      return EXIT.ok;
    }
  }
}

const emptyPolicy = (name: string): CategoryPolicy => ({
  name,
  categories: [],
  deviceGroups: [],
  users: [],
  executables: [],
});

/** Options that may be repeated come joined by commas. */
const items = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function named(command: string, typed: string): string {
  const name = categoryNamed(typed);
  if (name !== null) return name;
  const remedy = didYouMean(typed, CATEGORY_NAMES) || '; sallyport category list shows them all';
  throw new UsageError(`${command}: there is no category '${printable(typed)}'${remedy}`);
}

async function find(control: Control, name: string): Promise<CategoryPolicy | null> {
  const policies = await control.categoryPolicies();
  return policies.find((each) => each.name.toLowerCase() === name.trim().toLowerCase()) ?? null;
}

const unknownPolicy = (name: string): ControlError =>
  new ControlError('not-found', `there is no policy '${name}': sallyport category policy add '${name}' makes it`);

const report = (verb: string, stored: CategoryPolicy, json: boolean, context: Context): Promise<void> =>
  printLines(context.out, json ? [printableJson(stored, 2)] : renderPolicyChange(verb, stored, context.layout()));
