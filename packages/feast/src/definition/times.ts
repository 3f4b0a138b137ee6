import { Message } from "../wire/message.ts";

/** `google.protobuf.Timestamp` or `Duration` as microseconds, floored; null where there is none. */
export function readMicroseconds(message: Message | null): number | null {
  return message === null ? null : message.number(1) * 1_000_000 + Math.floor(message.number(2) / 1000);
}

/** Microseconds as `google.protobuf.Timestamp` or a `Duration` that is not negative. */
export function writeMicroseconds(us: number): Message {
  const seconds = Math.floor(us / 1_000_000);
  const message = new Message();
  message.setNumber(1, seconds);
  message.setNumber(2, (us - seconds * 1_000_000) * 1000);
  return message;
}
