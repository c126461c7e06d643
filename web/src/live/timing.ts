/** The live connection's times, in milliseconds unless said otherwise. */

/** How long a ticket of the API is used; it lives five minutes. */
export const TICKET_MS = 4 * 60_000;
/** API Gateway closes a connection that was idle for ten minutes. */
export const RESUBSCRIBE_MS = 4 * 60_000;
/** API Gateway closes every connection after two hours; better at a moment of our choice. */
export const RENEW_MS = 110 * 60_000;
export const REPLY_MS = 8_000;
export const HANDSHAKE_MS = 10_000;
/** Connections in a row, each with a good ticket, that carried nothing: then sockets count as blocked. */
export const BLOCKED_AFTER = 3;
/** The pace of asking over HTTP while sockets are blocked, and of trying the socket again. */
export const ASK_MS = 4_000;
export const RETRY_BLOCKED_MS = 60_000;
/** An open socket with nothing to watch is kept this long: often the next dive follows. */
export const LINGER_MS = 60_000;
/** A broken connection is tried again after a random time up to a ceiling, which doubles with each try. */
export const BACKOFF_MIN_MS = 500;
export const BACKOFF_MAX_MS = 20_000;
