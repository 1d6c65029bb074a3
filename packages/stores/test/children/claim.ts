/** Says that it is ready; when its input ends it tries to claim each of the waiting conversations, and prints those it won. */
import { buffer } from 'node:stream/consumers';
import { sqliteStores } from '@parley/stores';
import { after, assigned, idOf, message } from '../../src/suite/fixtures.ts';

const [directory, key, me, count] = process.argv.slice(2) as [string, string, string, string];
const stores = sqliteStores({ directory, keys: { key: async () => Buffer.from(key, 'hex') } });
const store = await stores.open('contoso');
const order = Array.from({ length: Number(count) }, (_, n) => n);
if (Number(me) % 2) order.reverse();
const won: number[] = [];
process.stdout.write('ready\n');
await buffer(process.stdin);
for (let from = 0; from < order.length; from += 20)
  await Promise.all(
    order.slice(from, from + 20).map(async (n) => {
      for (;;) {
        const head = (await store.head(idOf(n)))!;
        if (head.holder.state !== 'queued') return;
        const holder = assigned(5, { id: `p-${me}`, name: me });
        const outcome = await store.commit(head.version, after(head, 1, { holder, epoch: head.epoch + 1 }), [
          message(head.seq + 1, `claimed by ${me}`, `claim-${me}`),
        ]);
        if (outcome === 'committed') return void won.push(n);
      }
    }),
  );
await stores.close();
process.stdout.write(JSON.stringify(won));
