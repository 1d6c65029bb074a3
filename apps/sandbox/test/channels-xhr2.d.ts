declare module 'xhr2' {
  export class XMLHttpRequest {
    setRequestHeader(name: string, value: string): void
    send(data?: unknown): void
  }
}
