/** What Feast writes and reads: its protobuf messages, entity keys and values. */
export {};
