import { sentence } from "../api/problems";
import type { Problem } from "../api/types";
import { advice } from "../jobs/words";

/** What went wrong, in words, and what to do next. */
export function Trouble({ title, problem, rest = "" }: { title: string; problem: Problem; rest?: string }) {
  const next = advice(problem.code);
  return (
    <div className="trouble-box">
      <p className="trouble-title">{title}</p>
      <p>
        {sentence(problem)} {rest}
      </p>
      {next !== null && <p className="trouble-next">{next}</p>}
      <p className="fine code">{problem.code}</p>
    </div>
  );
}
