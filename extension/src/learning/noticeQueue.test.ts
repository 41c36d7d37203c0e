import { expect, test } from "vitest";
import { createNoticeQueue, NOTICE_MS } from "./noticeQueue.js";

test("the first is shown at once, what comes meanwhile is gathered", () => {
  const queue = createNoticeQueue<number>();
  expect(queue.add(1, 0)).toEqual([1]);
  expect(queue.add(2, 10)).toEqual([]);
  expect(queue.add(3, 20)).toEqual([]);
  expect(queue.next(NOTICE_MS)).toEqual([2, 3]);
  expect(queue.next(2 * NOTICE_MS)).toEqual([]);
  expect(queue.add(4, 2 * NOTICE_MS + 1)).toEqual([4]);
});

test("a notice that the user closed makes room early", () => {
  const queue = createNoticeQueue<number>();
  queue.add(1, 0);
  queue.add(2, 10);
  expect(queue.next(100)).toEqual([2]);
});

test("never holds more than its bound", () => {
  const queue = createNoticeQueue<number>();
  queue.add(0, 0);
  for (let index = 1; index <= 2000; index += 1) queue.add(index, 1);
  expect(queue.next(NOTICE_MS)).toHaveLength(500);
});
