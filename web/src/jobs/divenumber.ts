import type { DiveClass } from "../api/types";

/** The grammar of World Aquatics: groups 1 to 4, the twisting group 5 and the armstand group 6. */
const NUMBER = /^(?:([1-4])[01]([0-9]|11)|5([1-4])([1-9])([1-9])|6([1-3])([1-9])([1-9])?)([A-D])$/;

const ROTATIONS: Readonly<Record<string, string>> = { 1: "forward", 2: "back", 3: "reverse", 4: "inward" };
const POSITIONS: Readonly<Record<string, string>> = { A: "straight", B: "pike", C: "tuck", D: "free" };

/** What a dive number such as 107B or 5253B says, or null when it is none. */
export function readDiveNumber(text: string): DiveClass | null {
  const number = text.trim().toUpperCase();
  const match = NUMBER.exec(number);
  if (match === null) return null;
  const [, plainRotation, plainHalves, twistRotation, twistHalves, twists, armRotation, armHalves, armTwists, letter = ""] = match;
  return {
    number,
    source: "given",
    rotation: ROTATIONS[plainRotation ?? twistRotation ?? armRotation ?? ""] ?? "",
    halfSomersaults: Number(plainHalves ?? twistHalves ?? armHalves),
    halfTwists: Number(twists ?? armTwists ?? 0),
    armstand: armRotation !== undefined,
    position: POSITIONS[letter] ?? "",
  };
}
