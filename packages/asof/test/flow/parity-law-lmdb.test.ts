import { parityLaw } from "./parity-law.test.support.ts";

parityLaw("lmdb");
