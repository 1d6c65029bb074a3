import type { Containers } from './containers.ts';
import type { Projector } from './projector.ts';
import { projectionId } from './shapes.ts';
import type { Wire } from './wire.ts';

/** Seconds that clocks and replicas of Cosmos may be apart: what is older has been seen by everybody. */
const margin = 300;
const group = 200;

/**
 * Finds commits whose projection was never written, since the process that made them ended in between, and has them written.
 * Looks at heads that changed since the last look, by the time that Cosmos itself stamps on them; no clock of ours takes part.
 *
 * @returns how many were behind
 */
export async function repair(wire: Wire, { log, desk }: Containers, projector: Projector): Promise<number> {
  const partition = wire.client;
  const checkpoint = await wire.read<Checkpoint>('repair', desk, partition, 'checkpoint');
  const heads = await wire.query<{ conversation: string; version: number; at: number }>('repair', log, undefined, [
    "SELECT c.conversation, c.version, c._ts AS at FROM c WHERE c.client = @client AND c.type = 'head' AND c._ts >= @since",
    { client: partition, since: checkpoint?.at ?? 0 },
  ]);
  const behind: string[] = [];
  for (let from = 0; from < heads.length; from += group) {
    const some = heads.slice(from, from + group).map(({ conversation, version }) => ({
      id: conversation.slice(partition.length + 1),
      version,
    }));
    const shown = await wire.query<{ conversation: string; version: number }>('repair', desk, partition, [
      `SELECT c.conversation, c.version FROM c WHERE c.partition = @partition AND c.id IN (${some.map((_, i) => `@id${i}`).join()})`,
      { partition, ...Object.fromEntries(some.map(({ id }, i) => [`id${i}`, projectionId(id)])) },
    ]);
    const versions = new Map(shown.map(({ conversation, version }) => [conversation, version]));
    behind.push(...some.filter(({ id, version }) => (versions.get(id) ?? 0) < version).map(({ id }) => id));
  }
  if (behind.length > 0) {
    projector.renew(behind);
    await projector.flush();
  }
  const newest = heads.reduce((latest, { at }) => Math.max(latest, at), 0) - margin;
  if (newest > (checkpoint?.at ?? 0))
    await wire.call('repair', (abortSignal) =>
      desk.items.upsert({ id: 'checkpoint', partition, type: 'checkpoint', at: newest } satisfies Checkpoint, {
        abortSignal,
      }),
    );
  return behind.length;
}

type Checkpoint = { id: 'checkpoint'; partition: string; type: 'checkpoint'; at: number };
