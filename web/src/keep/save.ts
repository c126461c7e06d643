/** What a reader takes along of a dive: its result as data, and a picture of it. */
import type { Dive } from "../jobs/state";
import { nameOf } from "../jobs/words";
import { draw } from "./picture";

/** The job as the service tells it; the token stays here. */
export function saveData(dive: Dive): void {
  download(new Blob([`${JSON.stringify(dive.job, null, 2)}\n`], { type: "application/json" }), `${base(dive)}.json`);
}

export async function savePicture(dive: Dive): Promise<void> {
  const result = dive.job?.result;
  if (result) download(await draw(result, nameOf(dive)), `${base(dive)}.png`);
}

function base(dive: Dive): string {
  return nameOf(dive).replace(/\.[^.]*$/, "");
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
