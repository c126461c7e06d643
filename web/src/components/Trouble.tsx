import type { Problem } from "../api/types";
import { advice } from "../jobs/words";

/** What went wrong, in words, and what to do next. */
export function Trouble({ title, problem }: { title: string; problem: Problem }) {
  const next = advice(problem.code);
  return (
    <div className="trouble-box">
      <p className="trouble-title">{title}</p>
      <p>{problem.message}</p>
      {next !== null && <p className="trouble-next">{next}</p>}
      <p className="fine code">{problem.code}</p>
    </div>
  );
}
