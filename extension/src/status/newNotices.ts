/**
 * Which of the daemon's sentences this user has not seen yet, on this machine: a lasting one is told once, and stays in
 * the status bar. Pure but for the memory that it is given.
 */

/** As vscode.Memento. */
interface NoticeMemory {
  get(key: string): unknown;
  update(key: string, value: readonly string[]): PromiseLike<void>;
}

const KEY = "noticesShown";
/** The oldest are forgotten, and would be told again. */
const REMEMBERED_MAX = 100;

/** Remembers what it returns. A sentence that is gone from `notices` and comes back is told again. */
export function newNotices(memory: NoticeMemory, notices: readonly string[]): readonly string[] {
  const stored = memory.get(KEY);
  const shown: readonly unknown[] = Array.isArray(stored) ? stored : [];
  const fresh = notices.filter((notice) => !shown.includes(notice));
  const still = notices.filter((notice) => shown.includes(notice));
  if (fresh.length > 0 || still.length < shown.length) {
    void memory.update(KEY, [...still, ...fresh].slice(-REMEMBERED_MAX));
  }
  return fresh;
}
