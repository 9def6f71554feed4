import assert from "node:assert/strict";
import { Failure, type FailureCode } from "../src/base/failure.ts";

/** Returns the failure of `work`; fails unless it has this code. */
export async function refuses(code: FailureCode, work: () => Promise<unknown>): Promise<Failure> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, code, error.message);
    return error;
  }
  assert.fail(`no failure, but ${code} was expected`);
}
