/** A visitor's browser, as far as Direct Line is concerned: a real socket to the channel. */
export interface Activity {
  readonly id?: string;
  readonly type: string;
  readonly name?: string;
  readonly text?: string;
  readonly value?: unknown;
  readonly from?: { readonly id?: string; readonly role?: string };
  readonly channelData?: Record<string, unknown>;
}

export interface Grant {
  readonly token: string;
  readonly conversationId: string;
  readonly userId: string;
  readonly domain: string;
  readonly expiresIn: number;
  readonly refreshUrl: string;
  readonly resume?: string;
}

export class DirectLine {
  readonly activities: Activity[] = [];
  readonly said: string[] = [];
  readonly #grant: Grant;
  readonly #socket: WebSocket;

  private constructor(grant: Grant, socket: WebSocket) {
    this.#grant = grant;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string' || data === '') return;
      for (const activity of (JSON.parse(data) as { activities: Activity[] }).activities) {
        if (activity.from?.id !== grant.userId) this.activities.push(activity);
      }
    });
  }

  /** Gets a token from the bot's service, as the page at `origin` does, and begins a conversation. */
  static async open(tokenUrl: string, origin: string): Promise<DirectLine> {
    const response = await fetch(tokenUrl, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: '{}',
    });
    if (!response.ok) throw new Error(`The token service answered ${response.status}`);
    const grant = (await response.json()) as Grant;
    const started = await fetch(`${grant.domain}/conversations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${grant.token}` },
    });
    const { streamUrl } = (await started.json()) as { streamUrl: string };
    const socket = new WebSocket(streamUrl);
    const line = new DirectLine(grant, socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', reject, { once: true });
    });
    return line;
  }

  get conversationId(): string {
    return this.#grant.conversationId;
  }

  async say(text: string): Promise<void> {
    this.said.push(text);
    const response = await fetch(`${this.#grant.domain}/conversations/${this.conversationId}/activities`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#grant.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'message', text, from: { id: this.#grant.userId, name: 'Dana' } }),
    });
    if (!response.ok) throw new Error(`Direct Line answered ${response.status}: ${await response.text()}`);
  }

  lines(): Activity[] {
    return this.activities.filter((activity) => activity.type === 'message');
  }

  texts(): string[] {
    return this.lines().map((activity) => activity.text ?? '');
  }

  close(): void {
    this.#socket.close();
  }
}
