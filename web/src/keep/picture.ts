/** A picture of a verdict to send around, drawn here: nothing leaves the page. */
import type { Result } from "../api/types";
import { signsOf } from "../components/segments";
import { decimal, t } from "../i18n";
import { diveInWords, figure } from "../jobs/words";

export const WIDTH = 1200;
export const HEIGHT = 630;
const TEXT = 'Barlow, "Segoe UI", system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const BOARD = { left: 60, top: 120, width: 560, height: 300 };
const RIGHT = 670;

/** The picture as a PNG. Rejects when the browser cannot make one. */
export async function draw(result: Result, name: string): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext("2d");
  if (pen === null) throw new Error("NO_CANVAS");
  drawWater(pen);
  drawBoard(pen, result);
  drawWords(pen, result, name);
  if (result.strip) await drawStrip(pen, result.strip);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error("NO_PNG");
  return blob;
}

function drawWater(pen: CanvasRenderingContext2D): void {
  const sky = pen.createLinearGradient(0, 0, 0, HEIGHT);
  sky.addColorStop(0, "#fbfdfd");
  sky.addColorStop(1, "#d3ecf2");
  pen.fillStyle = sky;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = "#9fdbe8";
  pen.beginPath();
  pen.moveTo(0, 470);
  for (let x = 0; x < WIDTH; x += 200) {
    pen.bezierCurveTo(x + 50, 440, x + 50, 440, x + 100, 470);
    pen.bezierCurveTo(x + 150, 500, x + 150, 500, x + 200, 470);
  }
  pen.lineTo(WIDTH, HEIGHT);
  pen.lineTo(0, HEIGHT);
  pen.fill();
}

function drawBoard(pen: CanvasRenderingContext2D, result: Result): void {
  const { left, top, width, height } = BOARD;
  pen.fillStyle = "#0b1418";
  pen.beginPath();
  pen.roundRect(left, top, width, height, 22);
  pen.fill();
  write(pen, t("board.score"), left + 34, top + 50, 28, "#93a9b2", 600);
  write(pen, result.dive.number ?? "", left + width - 34, top + 50, 28, "#93a9b2", 600, "right");
  const { signs, width: wide } = signsOf(result.score.toFixed(2).padStart(6, " "));
  const scale = (width - 68) / wide;
  pen.save();
  pen.translate(left + 34, top + 80);
  pen.scale(scale, scale);
  for (const sign of signs) {
    if (sign.bars === null) {
      pen.fillStyle = lamp(sign.lit);
      pen.beginPath();
      pen.arc(sign.left + 4, 91, 6.5, 0, Math.PI * 2);
      pen.fill();
    }
    for (const bar of sign.bars ?? []) {
      pen.fillStyle = lamp(bar.lit);
      pen.beginPath();
      for (const point of bar.points.split(" ")) {
        const [x = 0, y = 0] = point.split(",").map(Number);
        pen.lineTo(sign.left + x, y);
      }
      pen.fill();
    }
  }
  pen.restore();
  const sum = `${t("board.execution")} ${figure(result.execution)} × ${t("board.difficulty")} ${figure(result.difficulty)}`;
  write(pen, sum, left + 34, top + height - 32, 26, "#dbe7eb", 600);
}

function lamp(lit: boolean): string {
  return lit ? "#ffb52e" : "#1a272d";
}

function drawWords(pen: CanvasRenderingContext2D, result: Result, name: string): void {
  const room = WIDTH - RIGHT - 60;
  write(pen, "Divescore", 60, 80, 44, "#00627c", 600);
  let y = 165;
  for (const line of lines(pen, diveInWords(result.dive), 44, room, 3)) {
    write(pen, line, RIGHT, y, 44, "#07222e", 600);
    y += 52;
  }
  const { low, high } = result.interval;
  write(pen, `${t("verdict.range")}: ${t("verdict.rangeOf", { low: decimal(low, 1), high: decimal(high, 1) })}`, RIGHT, y + 14, 28, "#07222e", 400);
  write(pen, lines(pen, name, 24, room, 1)[0] ?? "", RIGHT, y + 56, 24, "#41606d", 400);
  write(pen, t("keep.estimate", { model: `${result.model.id} ${result.model.version}` }), 60, HEIGHT - 24, 22, "#07222e", 400);
}

async function drawStrip(pen: CanvasRenderingContext2D, strip: NonNullable<Result["strip"]>): Promise<void> {
  const image = new Image();
  image.src = `data:${strip.contentType};base64,${strip.data}`;
  await image.decode();
  const width = WIDTH - 120;
  const height = Math.min(120, (width * strip.height) / (strip.width * strip.frames));
  pen.drawImage(image, 60, 450, width, height);
}

function write(
  pen: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  size: number,
  colour: string,
  weight: 400 | 600,
  align: CanvasTextAlign = "left",
): void {
  pen.font = `${weight} ${size}px ${TEXT}`;
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(text, x, y);
}

/** A text in lines of a width; what has no room ends in dots. Breaks between words, and between Chinese characters. */
function lines(pen: CanvasRenderingContext2D, text: string, size: number, width: number, most: number): string[] {
  pen.font = `600 ${size}px ${TEXT}`;
  const found: string[] = [];
  let line = "";
  for (const part of text.match(/\p{Script=Han}|[^\s\p{Script=Han}]+\s*|\s+/gu) ?? []) {
    if (line !== "" && pen.measureText((line + part).trimEnd()).width > width) {
      found.push(line.trimEnd());
      line = "";
    }
    line += part;
  }
  found.push(line.trimEnd());
  const kept = found.slice(0, most).map((each) => shortened(pen, each, width));
  if (found.length > most && kept.length > 0) kept[kept.length - 1] += "…";
  return kept;
}

function shortened(pen: CanvasRenderingContext2D, text: string, width: number): string {
  let shorter = text;
  while (shorter.length > 1 && pen.measureText(`${shorter}…`).width > width && pen.measureText(text).width > width) shorter = shorter.slice(0, -1);
  return shorter === text ? text : `${shorter}…`;
}
