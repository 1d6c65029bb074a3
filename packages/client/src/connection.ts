import { HttpTransportType, HubConnectionBuilder, LogLevel } from '@microsoft/signalr';

/** One connection to the hub, as far as the link uses it; SignalR's `HubConnection` is one. */
export interface Connection {
  /** `Connected` while calls can be made, `Disconnected` before the start and after the end. */
  readonly state: string;
  /** Rejects where no connection comes about; a message with 401 in it means that the token was refused. */
  start(): Promise<void>;
  stop(): Promise<void>;
  on(event: string, hear: (argument: never) => void): void;
  invoke<T>(method: string, ...args: unknown[]): Promise<T>;
  /** The connection has ended for good. */
  onclose(run: () => void): void;
}

export interface ConnectOptions {
  /** Address of the hub. */
  url: string;
  token(): Promise<string>;
  /** Milliseconds without a frame after which the connection is taken for dead. */
  silence: number;
}

export type Connect = (options: ConnectOptions) => Connection;

/** Over a WebSocket. It never comes back by itself: the link dials, and knows why it has to. */
export const connectSignalR: Connect = ({ url, token, silence }) => {
  const connection = new HubConnectionBuilder()
    .withUrl(url, { accessTokenFactory: token, transport: HttpTransportType.WebSockets, withCredentials: false })
    .configureLogging(LogLevel.None)
    .build();
  connection.serverTimeoutInMilliseconds = silence;
  connection.keepAliveIntervalInMilliseconds = Math.min(15_000, silence / 2);
  return connection;
};
