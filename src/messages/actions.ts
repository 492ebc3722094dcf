/**
 * What can be done with a message that WhatsApp has, as the border needs it. Ids are WhatsApp's own
 * (`true|false_<chat>_<ID>[_<participant>]`).
 *
 * Every method throws a GatewayError: `not_connected`; `not_found` when WhatsApp Web does not have the message;
 * `unprocessable` when WhatsApp does not allow it; `timeout`, and `page_crashed` when WhatsApp Web went away meanwhile.
 */
export interface MessageActions {
  /** @param reaction an emoji; empty takes the reaction back */
  react(messageId: string, reaction: string): Promise<void>;
  edit(messageId: string, text: string): Promise<void>;
  /** @param everyone whether it goes for everybody, or on this account's devices only */
  remove(messageId: string, everyone: boolean): Promise<void>;
  forward(messageId: string, chatId: string): Promise<void>;
  star(messageId: string, starred: boolean): Promise<void>;
  /** The full id of a message that the gateway has sent; null when WhatsApp Web does not have it. */
  idOf(waId: string, chatId: string): Promise<string | null>;
  /**
   * The file of a message; null when it has none, or none any more.
   * @throws GatewayError `payload_too_large` when it has more than `maxBytes`
   */
  download(messageId: string, maxBytes: number): Promise<DownloadedMedia | null>;
}

export interface DownloadedMedia {
  readonly bytes: Buffer;
  /** As the sender calls it; not to be trusted. */
  readonly mimetype: string;
  readonly filename: string | null;
}
