import { StoreUnavailable } from '@parley/core';
import { expect, test } from 'vitest';
import { accepted, DeliveryWorld } from './delivery-world.ts';

test('D6 what was delivered while the store was away is marked when it is back, though nothing else happens', async () => {
  const world = await DeliveryWorld.on('memory');
  const a = await world.start('a');
  const talk = await accepted(a);
  await world.time.pass(1_000);
  await talk.reply(a, 'one');
  const { store } = a.desk;
  const commit = store.commit.bind(store);
  store.commit = () => Promise.reject(new StoreUnavailable('The store is away.'));
  await world.time.pass(2_000);
  expect(world.shown()).toEqual(['one']);
  store.commit = commit;
  await world.time.pass(2_000);
  const { delivery } = await talk.head(a);
  expect(delivery.deliveredSeq).toBe(delivery.outSeq);
});
