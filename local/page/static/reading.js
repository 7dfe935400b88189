/** When a document was read, and what time it is since. */

import { useMemo } from "page/html.js";
import { useNow } from "page/polling.js";

/** A document's time, for `useTime`; to be made where documents come, for it counts from there. */
export function useReading({ execution, readAt }, isLive) {
  const isCounting = isLive && execution.status === "RUNNING";
  const since = useMemo(() => Date.now(), [readAt, execution.arn]);
  return useMemo(
    () => ({ at: Date.parse(execution.stoppedAt ?? readAt), since, isCounting }),
    [execution.stoppedAt, readAt, since, isCounting],
  );
}

/**
 * The time, in milliseconds, at which an execution is shown: its end; or when it was read, and what passed since where it
 * is kept up. By the engine's clock, for the browser's may be another.
 */
export function useTime({ at, since, isCounting }) {
  const now = useNow(isCounting);
  return isCounting ? at + Math.max(0, now - since) : at;
}
