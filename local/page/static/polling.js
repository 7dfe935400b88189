/** Keeping up with what the server knows. */

import { useEffect, useState } from "page/html.js";

const GONE = 404;

/**
 * Calls `ask` now and `seconds()` after each answer, but for pages that nobody sees, and no more once there is nothing
 * of that name. Returns the last error, or null.
 */
export function usePolling(ask, seconds, dependencies) {
  const [error, setError] = useState(null);
  useEffect(() => {
    let timer = 0;
    let isOver = false;
    const isCurrent = () => !isOver;
    async function poll() {
      clearTimeout(timer);
      try {
        await ask(isCurrent);
        if (!isOver) setError(null);
      } catch (problem) {
        if (isOver) return;
        setError(problem);
        isOver = problem.status === GONE;
      }
      if (!isOver && !document.hidden) timer = setTimeout(poll, seconds() * 1000);
    }
    const onShown = () => !document.hidden && !isOver && poll();
    document.addEventListener("visibilitychange", onShown);
    poll();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onShown);
    };
  }, dependencies);
  return error;
}

/** The current time, renewed twice a second while `isRunning`. */
export function useNow(isRunning) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isRunning) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now;
}
