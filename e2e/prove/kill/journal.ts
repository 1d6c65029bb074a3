/** What a sender was told: that this line or command of theirs is entry `seq` of the conversation. */
export type Acknowledged = {
  conversation: string;
  /** `user` or `bot` of the conversation, or a consultant's id. */
  sender: string;
  /** Id of the entry, as it stands in the log. */
  id: string;
  seq: number;
  /** What was said, where something was. */
  text?: string;
};

/** The senders' own log, in the order in which they were told. */
export class Journal {
  readonly acknowledged: Acknowledged[] = [];
  /** Every place that was spoken in, by conversation id. */
  readonly places = new Map<string, string>();
  /** Lines of the bot that the desk kept from the user. */
  suppressed = 0;
  /** Requests sent again, since nobody knows what became of them. */
  repeated = 0;
  #onPlace: (conversation: string) => void = () => undefined;

  set onPlace(listener: (conversation: string) => void) {
    this.#onPlace = listener;
  }

  note(entry: Acknowledged): void {
    this.acknowledged.push(entry);
  }

  place(conversation: string, place: string): void {
    if (this.places.has(conversation)) return;
    this.places.set(conversation, place);
    this.#onPlace(conversation);
  }
}
