import { randomUUID } from 'node:crypto';
import type { OperationInput } from '@azure/cosmos';
import { StoreUnavailable, type AuditRecord } from '@parley/core';
import type { Containers } from './containers.ts';
import { nameOf, packed, unpacked, type Packed } from './shapes.ts';
import type { Wire } from './wire.ts';

/** Documents by kind and key, one partition per client; for each of them the last put called wins. */
export class Documents {
  #wire: Wire;
  #container: Containers['desk'];
  #partition: string;
  #writes = new Map<string, { waiting?: Write | undefined; done: Promise<void> }>();

  constructor(wire: Wire, { desk }: Containers) {
    this.#wire = wire;
    this.#container = desk;
    this.#partition = `${wire.client}/documents`;
  }

  async get<T>(kind: string, key: string): Promise<T | undefined> {
    const document = await this.#wire.read<Kept>('document', this.#container, this.#partition, nameOf(kind, key));
    return document && (unpacked(document.content) as T);
  }

  async all<T>(kind: string): Promise<{ key: string; value: T }[]> {
    const documents = await this.#wire.query<Kept>('documents', this.#container, this.#partition, [
      'SELECT c.key, c.content FROM c WHERE c.partition = @partition AND c.kind = @kind',
      { partition: this.#partition, kind },
    ]);
    return documents
      .map(({ key, content }) => ({ key, value: unpacked(content) as T }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  put(kind: string, key: string, value: unknown): Promise<void> {
    const id = nameOf(kind, key);
    return this.#write(id, { id, partition: this.#partition, type: 'document', kind, key, content: packed(value) });
  }

  delete(kind: string, key: string): Promise<void> {
    return this.#write(nameOf(kind, key), undefined);
  }

  /** One at a time per document. What waits is written as the last call left it, for all who wait. */
  #write(id: string, document: Kept | undefined): Promise<void> {
    const busy = this.#writes.get(id);
    if (busy?.waiting) {
      busy.waiting.document = document;
      return busy.waiting.done;
    }
    const write: Write = { document, done: Promise.resolve() };
    write.done = (busy?.done ?? Promise.resolve())
      .catch(() => {})
      .then(() => {
        const turn = this.#writes.get(id)!;
        if (turn.waiting === write) turn.waiting = undefined;
        return this.#run(id, write.document);
      });
    const turn = busy ?? { done: write.done };
    turn.waiting = write;
    turn.done = write.done;
    this.#writes.set(id, turn);
    const end = () => {
      if (this.#writes.get(id)?.done === write.done) this.#writes.delete(id);
    };
    write.done.then(end, end);
    return write.done;
  }

  async #run(id: string, document: Kept | undefined): Promise<void> {
    await this.#wire.call(document ? 'putDocument' : 'deleteDocument', async (abortSignal) => {
      if (document) return this.#container.items.upsert(document, { abortSignal });
      try {
        return await this.#container.item(id, this.#partition).delete({ abortSignal });
      } catch (error) {
        // Not there, or gone at the attempt whose answer was lost.
        if ((error as { code?: unknown }).code === 404) return error as { headers?: Record<string, unknown> };
        throw error;
      }
    });
  }
}

/** The audit log: numbered without a gap, appended in the order of the calls. */
export class Audits {
  #wire: Wire;
  #container: Containers['desk'];
  #partition: string;
  #last: number | undefined;
  #waiting: { record: Packed<AuditRecord>; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #running = false;

  constructor(wire: Wire, { desk }: Containers) {
    this.#wire = wire;
    this.#container = desk;
    this.#partition = `${wire.client}/audit`;
  }

  add(record: AuditRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record: packed(record), resolve, reject });
      void this.#run();
    });
  }

  async page({ after = 0, limit }: { after?: number; limit: number }): Promise<(AuditRecord & { n: number })[]> {
    const rows = await this.#wire.query<Audited>(
      'audits',
      this.#container,
      this.#partition,
      [
        `SELECT TOP ${limit} c.n, c.record FROM c WHERE c.partition = @partition AND c.n > @after ORDER BY c.n`,
        { partition: this.#partition, after },
      ],
      limit,
    );
    return rows.map(({ n, record }) => ({ ...unpacked(record), n }));
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    // Records of one turn share a batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.splice(0, 100);
      try {
        await this.#append(taken.map(({ record }) => record));
        for (const { resolve } of taken) resolve();
      } catch (error) {
        this.#last = undefined;
        for (const { reject } of taken) reject(error);
      }
    }
    this.#running = false;
  }

  async #append(records: Packed<AuditRecord>[]): Promise<void> {
    const token = randomUUID();
    for (;;) {
      const last = (this.#last ??= await this.#readLast());
      const outcome = await this.#wire.batch(
        'audit',
        this.#container,
        this.#partition,
        records.map((record, i): OperationInput => {
          const n = last + i + 1;
          return {
            operationType: 'Create',
            resourceBody: { id: auditId(n), partition: this.#partition, type: 'audit', n, token, record },
          };
        }),
      );
      if (!outcome.ok && outcome.status !== 409)
        throw new StoreUnavailable(`Cosmos refused an audit record with ${outcome.status}.`);
      if (!outcome.ok) {
        // The number is taken: by another process, or by this batch, whose answer was lost.
        const there = await this.#wire.read<Audited>('audit', this.#container, this.#partition, auditId(last + 1));
        if (there?.token !== token) {
          this.#last = Math.max(await this.#readLast(), last + (there ? 1 : 0));
          continue;
        }
      }
      this.#last = last + records.length;
      return;
    }
  }

  async #readLast(): Promise<number> {
    const [n] = await this.#wire.query<number>('audit', this.#container, this.#partition, [
      'SELECT TOP 1 VALUE c.n FROM c WHERE c.partition = @partition ORDER BY c.n DESC',
      { partition: this.#partition },
    ]);
    return n ?? 0;
  }
}

type Kept = { id: string; partition: string; type: 'document'; kind: string; key: string; content: Packed<unknown> };
type Write = { document: Kept | undefined; done: Promise<void> };
type Audited = { n: number; token: string; record: Packed<AuditRecord> };

function auditId(n: number): string {
  return `a.${String(n).padStart(12, '0')}`;
}
