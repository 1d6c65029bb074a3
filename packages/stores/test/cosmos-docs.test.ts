import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { deskDefinition, logDefinition } from '../src/cosmos/containers.ts';

test('docs/cosmos.md gives the indexing policies that the containers are made with', () => {
  const text = readFileSync(new URL('../../../docs/cosmos.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```json\n(.*?)^```/gms)].map(([, json]) => JSON.parse(json!) as unknown);
  expect(blocks).toEqual([logDefinition.indexingPolicy, deskDefinition.indexingPolicy]);
});
