/**
 * The shapes of the HTTP and WebSocket API, as the page uses them. Those of the HTTP API are generated from its OpenAPI
 * document (`npm run types`); what travels over the socket is written here.
 */
import type { Words } from "./problems";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Status = Schemas["Status"];
/** What went wrong: the service's code and sentence, or the page's own in `words`, which are said in any language. */
export type Problem = Schemas["Problem"] & { words?: Words };
export type UploadForm = Schemas["UploadForm"];
export type PartsPlan = Schemas["PartsPlan"];
export type PartToSend = Schemas["PartToSend"];
export type PartAddress = Schemas["PartAddress"];
export type PartsAnswer = Schemas["PartsAnswer"];
export type NewJob = Schemas["CreateJob"];
export type Playback = Schemas["VideoAddress"];
export type Share = Schemas["Shared"];
export type ShareRequest = Schemas["ShareJob"];

export type Job = Schemas["JobView"];
export type CreatedJob = Schemas["JobCreated"];
export type JobView = Schemas["JobRead"];
export type ChangedJob = Schemas["JobChanged"];
export type Result = Schemas["Result"];
export type DiveClass = Schemas["DiveSeen"];
export type Segment = Schemas["Segment"];
export type Aspects = Schemas["Aspects"];
export type Flaw = Schemas["Flaw"];
export type Phase = Schemas["Phase"];
export type Measure = Schemas["Measure"];
export type Amendment = Schemas["AmendJob"];
/** What the judges gave, and with it the consent to keep it. */
export type MarkJob = Schemas["MarkJob"];
export type MarksGiven = Omit<MarkJob, "consent">;

export type LiveMessage =
  | { type: "job"; job: Job }
  | { type: "unsubscribed"; jobId: string }
  | { type: "pong" }
  | ({ type: "error"; jobId?: string } & Problem);
