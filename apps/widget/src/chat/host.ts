import type { FrameMessage, PageMessage } from '../protocol.ts';

/** The page this one is embedded in. */
export interface Host {
  tell(message: FrameMessage): void;
  onMessage(listener: (message: PageMessage) => void): void;
}

/** @param origin the only origin that is spoken to and listened to. */
export function createHost(origin: string): Host {
  return {
    tell: (message) => window.parent.postMessage(message, origin),
    onMessage(listener) {
      window.addEventListener('message', ({ data, origin: from, source }: MessageEvent) => {
        if (from !== origin || source !== window.parent) return;
        const message = data as PageMessage | null;
        if (message?.parley === 'shown' || message?.parley === 'hidden') listener(message);
      });
    },
  };
}
