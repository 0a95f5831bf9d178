/* Room frames as bytes: y-websocket's four types and Promptroom's own from 100 up. No socket, no clock. */

import {
  createDecoder, createEncoder, readVarString, readVarUint, readVarUint8Array, toUint8Array, writeVarString,
  writeVarUint, writeVarUint8Array,
} from "./vendor.js";

export const SYNC = 0;
export const AWARENESS = 1;
export const AUTH = 2;
export const QUERY_AWARENESS = 3;
export const HELLO = 100;
export const HELLO_BACK = 101;
export const BARRIER = 102;
export const NACK = 103;
export const EVENT = 104;
export const ROLE = 105;
export const DRAIN = 106;
export const TEXTHASH = 107;

export const STEP1 = 0;
export const STEP2 = 1;
export const UPDATE = 2;

const JSON_TYPES = new Set([HELLO, NACK, EVENT, ROLE, DRAIN, TEXTHASH]);

export function syncFrame(step, payload) {
  const encoder = createEncoder();
  writeVarUint(encoder, SYNC);
  writeVarUint(encoder, step);
  writeVarUint8Array(encoder, payload);
  return toUint8Array(encoder);
}

export function bytesFrame(type, payload) {
  const encoder = createEncoder();
  writeVarUint(encoder, type);
  writeVarUint8Array(encoder, payload);
  return toUint8Array(encoder);
}

export function jsonFrame(type, value) {
  const encoder = createEncoder();
  writeVarUint(encoder, type);
  writeVarString(encoder, JSON.stringify(value));
  return toUint8Array(encoder);
}

/* A barrier names the edits it covers: the generation changes whenever the server refused something. */
export function barrierFrame(generation, upto) {
  const encoder = createEncoder();
  writeVarUint(encoder, generation);
  writeVarUint(encoder, upto);
  return bytesFrame(BARRIER, toUint8Array(encoder));
}

export function readBarrier(payload) {
  const decoder = createDecoder(payload);
  return { generation: readVarUint(decoder), upto: readVarUint(decoder) };
}

/* Unknown types come back as {type} alone: a newer server may say more than we understand. */
export function readFrame(data) {
  const decoder = createDecoder(new Uint8Array(data));
  const type = readVarUint(decoder);
  if (type === SYNC) return { type, step: readVarUint(decoder), payload: readVarUint8Array(decoder) };
  if (type === AWARENESS || type === BARRIER) return { type, payload: readVarUint8Array(decoder) };
  if (JSON_TYPES.has(type)) return { type, value: JSON.parse(readVarString(decoder)) };
  return { type };
}
