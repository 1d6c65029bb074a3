import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** The TCP line between a browser and the desk. */
export interface Line {
  /** Origin of the desk, as the browser sees it. */
  readonly url: string;
  /** Breaks every connection and lets no new one through. */
  cut(): void;
  /**
   * What a laptop wakes up to: every socket of now seems open and carries nothing any more, ever; new ones work. Idle
   * connections for requests are broken: browsers throw them away after five minutes, which do not pass here.
   */
  stall(): void;
  mend(): void;
  close(): Promise<void>;
}

/** @param target port of the desk, asked at each connection */
export async function startLine(target: () => number): Promise<Line> {
  const pairs = new Set<Pair>();
  let up = true;
  const server = createServer((near) => {
    if (!up) return void near.destroy();
    const pair: Pair = { near, far: connect(target(), '127.0.0.1'), isSocket: false, stalled: false };
    pairs.add(pair);
    near.on('data', (chunk: Buffer) => {
      if (/^upgrade: websocket/im.test(chunk.toString('latin1'))) pair.isSocket = true;
      if (!pair.stalled) pair.far.write(chunk);
    });
    pair.far.on('data', (chunk: Buffer) => {
      if (!pair.stalled) near.write(chunk);
    });
    const over = (other: Socket) => () => {
      // A stalled line does not even carry its own end.
      if (!pair.stalled) other.destroy();
      if (near.destroyed && pair.far.destroyed) pairs.delete(pair);
    };
    near.on('close', over(pair.far)).on('error', () => undefined);
    pair.far.on('close', over(near)).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const drop = () => {
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
    pairs.clear();
  };
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    cut() {
      up = false;
      drop();
    },
    stall() {
      for (const pair of pairs) {
        if (pair.isSocket) pair.stalled = true;
        else pair.near.destroy();
      }
    },
    mend() {
      up = true;
    },
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Pair {
  near: Socket;
  far: Socket;
  isSocket: boolean;
  stalled: boolean;
}
