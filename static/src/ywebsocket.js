/* A stock client for tests: y-websocket's provider exactly as published, with the yjs it is used with. */

export * as Y from "yjs";
export { WebsocketProvider } from "y-websocket";
