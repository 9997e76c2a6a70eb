/**
 * The shapes that the panel's files share. Only `tsc` reads this file; no browser ever does.
 * What travels is made in `notebook/model`, `notebook/tabs` and `notebook/export`.
 */

type Store = import("./core/store.js").Store;
type Values = import("./offline/values.js").Values;

// -- elements

type Child = Node | string | number | null | undefined | false | Child[];

/** Attributes of an element; what begins with `on` and is a function is a listener. */
interface Props {
  onclick?: (event: MouseEvent) => unknown;
  onkeydown?: (event: KeyboardEvent) => unknown;
  oninput?: (event: Event) => unknown;
  onchange?: (event: Event) => unknown;
  [name: string]: unknown;
}

/** A part of the panel: what is in the page, and how it is brought up to date. */
interface Part {
  root: HTMLElement;
  draw: () => void;
}

/** What the keys of the panel reach. */
interface KeyTargets {
  help: { toggle: () => void; hide: () => boolean };
  inspector: { goTo: (place: number) => boolean; find: { show: () => boolean; hide: () => boolean } };
  nodeCard: { hide: () => boolean };
  cards: { answer: (kind: string, stay: boolean) => boolean };
}

// -- the model that a front end gives a widget

interface Model {
  /** True for a history in a file: nobody is there to press anything for. */
  saved?: boolean;
  get(name: string): any;
  on(what: string, listener: (message: any) => void): void;
  off(what: string, listener: (message: any) => void): void;
  send(content: any): void;
}

/** A saved history in place of a model. `tell` hears what else the listeners would. */
interface BookModel extends Model {
  send(content: any, tell?: (message: any) => void): void;
}

/** What a view says: `do` for something to be done, `ask` for a question. */
type Order = { do: string; [name: string]: unknown };

// -- verbs and tabs: one row each of Python's tables

interface Verb {
  /** What an order is called. */
  name: string;
  /** The accessible name of its button. */
  label: string;
  key: string;
  /** The button's group in the toolbar; -1 for one on a card. */
  group: number;
  icon: string;
  filled: boolean;
  main: boolean;
  /** What a press gives it: nothing, the `frame` on show, or what is on the card of a barrier. */
  takes: string;
  /** Whether it can be pressed while a command goes on. */
  live: boolean;
  /** What it does while a frame other than the head, `{frame}`, is on show. */
  away: string;
  /** Whether it can be pressed only then. */
  onlyAway: boolean;
}

/** What one module of `tabs/` gives. */
interface TabModule {
  /** The parts of the tab for what was answered about a frame. */
  draw: (detail: any, view: View) => Child[];
  /** What is asked with the tab beside the frame. */
  asks?: (store: Store, chosen: Chosen) => Record<string, unknown>;
  /** What the tab shows of the head, as a text: when it differs the tab is drawn anew. */
  beside?: (store: Store) => string;
  /** What it shows of a node that runs, as a text: when it differs the tab is asked for anew. */
  grows?: (store: Store) => string;
  /** Whether it comes forward when a step failed. */
  onFailure?: boolean;
  /** What a saved history answers; without it, the rows that were saved for the tab. */
  offline?: (frame: Page, question: any, history: SavedHistory) => Record<string, unknown>;
  /** What a saved history answers to the questions that the tab asks by itself. */
  questions?: Record<string, (question: any, history: SavedHistory) => object>;
}

interface Tab extends TabModule {
  id: string;
  name: string;
}

/** What a reader chose in the inspector. */
interface Chosen {
  against: number | null;
  whole: boolean;
}

/** What a tab may use. */
interface View {
  store: Store;
  frame: number;
  /** Whether the state of the whole run is shown, and not that of the frame's level. */
  whole: boolean;
  /** The last frame of the line. */
  last: number;
  against: (frame: number | null) => void;
  level: (whole: boolean) => void;
  fetch: (steps: number[], start: number) => Promise<StatePage>;
  who: (question: WhoQuestion) => void;
  redraw: () => void;
  /** The question that a tab waits for. */
  asked?: object;
}

interface WhoQuestion {
  text?: string;
  steps?: number[];
  whole?: boolean;
}

/** Edits that wait for Go. */
interface Edits {
  frame: number;
  line: string;
  items: Map<string, Edit>;
}

interface Edit {
  steps: number[];
  path: string;
  text: string;
}

interface EditBar {
  root: HTMLElement;
  draw: () => void;
  press: (stay: boolean) => void;
  waiting: () => Map<string, Edit> | null;
}

/** What can be done with a value in a tree. */
interface TreeView {
  fetch: (steps: number[], start: number) => Promise<StatePage>;
  who?: ((steps: number[]) => void) | null;
  edit?: ((steps: number[], row: KeyedRow, line: HTMLElement) => void) | null;
  /** Draws a value that is a conversation; `other` makes its table or tree. */
  chat?: (page: StatePage, steps: number[], other: () => HTMLElement[]) => HTMLElement[];
}

// -- the graph

/** A node of the outline; `place` is the one among its siblings. */
interface OutlineNode {
  path: string;
  name: string;
  kind: string;
  parent: number;
  role: string;
  place: number;
}

interface Outline {
  name: string;
  nodes: OutlineNode[];
  /** The numbers of all that is inside a composite. */
  inside: Map<number, Set<number>>;
}

interface OutlineJson {
  name: string;
  nodes: [path: string, name: string, kind: string, parent: number, role: string][];
}

/** What is needed of an outline to add rows up. */
interface Nest {
  nodes: { path: string; parent: number }[];
}

type Box = [number: number, x: number, y: number, w: number, h: number];

interface Drawing {
  width: number;
  height: number;
  nodes?: Box[];
  boxes?: Box[];
  edges?: [source: number, target: number, kind: string, curve: number[]][];
}

interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

type InSight = (place: Place) => boolean;

/** A stop on an edge; one of `refused` stops where the edge was asked and another way was taken. */
type EdgeStopRow = [source: number, target: number, enabled: boolean, refused: boolean];

/** An edge as it is drawn. */
interface Way {
  one: SVGElement;
  a: number;
  b: number;
  kind: string;
  numbers: number[];
  box: Place;
  far: boolean;
  /** The stop that is drawn on it: "on", "off", "refused" or "". */
  stop: string;
  dot: SVGElement | null;
}

/** A node as it is drawn; what is unset was not drawn so far. */
interface NodeShape {
  group: SVGElement;
  meta: SVGElement | null;
  path: string;
  kind: string;
  box: Place;
  /** Whether its mark stands beside its name: the small words below may be as long as it is wide. */
  high: boolean;
  far: boolean;
  visits: number;
  micros: number;
  mark: SVGElement | null;
  dot: SVGElement | null;
  title: SVGElement | null;
  status?: string;
  stop?: string;
  saidVisits?: number;
  saidMicros?: number;
}

/** What clicks on a node do. */
interface NodeActs {
  body: (number: number) => void;
  rim: (number: number, after: boolean) => void;
  fold: (number: number, open: boolean) => void;
}

interface Scene {
  root: SVGElement;
  nodes: Map<number, NodeShape>;
  places: Map<number, Place>;
  width: number;
  height: number;
  edgeAt: (x: number, y: number, near: number) => Way | null;
  point: (one: SVGElement | null) => void;
  colour: (standing: Standing, stops: Map<number, string>, inSight: InSight, edgeStops: EdgeStopRow[]) => void;
  cull: (inSight: InSight) => void;
}

// -- history, as it travels

/** One frame; what it left is told where it is not the node itself. */
type FrameRow = [node: number, kind: number, visit: number, micros: number, entered: number[], left?: number[]];

type Mark = [status: string, visits: number, micros: number];

/** What every node had come to at a frame. */
interface Standing {
  index: number;
  current: Set<number>;
  marks: Map<number, Mark>;
  /** How often an edge, `"a b"`, was taken. */
  taken: Map<string, number>;
}

interface StandingJson {
  index: number;
  current: number[];
  marks: [node: number, ...mark: Mark][];
  taken: [a: number, b: number, count: number][];
}

interface StandingChange extends StandingJson {
  gone: number[];
  untaken: [a: number, b: number][];
}

interface Chunk {
  chunk: number;
  base: StandingJson;
  rows: FrameRow[];
}

type KindAt = [index: number, kind: number];

type LineRow = [
  name: string, base: string, at: number, frames: number, status: string, notes: [index: number, words: string][], pins: number[],
];

interface Look {
  frame: number | null;
  by: string;
  n: number;
}

interface PendingRow {
  id: string;
  path: string;
  frame: number;
  since: number | null;
  timeout: number | null;
  /** A barrier, an `interrupt()`, a static interrupt, or a node in mode ask. */
  kind: "barrier" | "question" | "pause" | "node";
}

interface JoinRow {
  path: string;
  failed: string[];
  branches: number;
  /** The branches to choose from, where they disagree or the merge failed. */
  sides: string[];
  conflicts: [key: string, sides: string[]][];
}

/** What a view shows of the head without asking. A button's row is null where the engine cannot do it. */
interface Head {
  [button: `button:${string}`]: [enabled: boolean, tip: string] | null | undefined;
  head: number;
  count: number;
  status: string;
  busy: boolean;
  line: string;
  lines: string[];
  line_text: string;
  stop: string;
  failure: string;
  tree: LineRow[];
  pending: PendingRow[];
  join: JoinRow | null;
  lacking: string[];
  breakpoints: [node: number, enabled: boolean, after: boolean][];
  edge_stops: EdgeStopRow[];
  stops: number;
  /** The nodes in flight that failed before; `until` is when they are tried again, in seconds. */
  retries?: RetryRow[];
  /** What the calls of the line come to; the pulse beats while answers come. */
  calls: (CallSums & { pulse?: string }) | null;
  watches: string[];
  look: Look;
  /** `barrier` goes on waiting: it is its answer that was refused. */
  alert: { text: string; barrier?: string | null } | null;
}

type RetryRow = [node: number, attempt: number, of: number, error: string, until: number];

type StreamRow = [node: number, anew: boolean, words: string | null];

interface Snapshot {
  kind?: "snapshot";
  seq: number;
  head: Head;
  standing: StandingJson;
  events: KindAt[];
  streams: StreamRow[];
}

interface Delta {
  kind: "delta";
  seq: number;
  fresh?: boolean;
  head?: Partial<Head>;
  rows?: FrameRow[];
  patch?: StandingChange;
  events?: KindAt[];
  streams?: StreamRow[];
}

interface FrameMark {
  note?: string;
  pin?: boolean;
}

// -- answers

interface ValueRow {
  type: string;
  size: string;
  text: string;
  opens: boolean;
  error?: undefined;
}

interface KeyedRow extends ValueRow {
  key: string;
}

/** What stands where a value could not be had. */
interface Failed {
  error: string;
  type?: undefined;
  text?: undefined;
}

interface TablePage {
  columns: string[];
  rows: string[][];
  start: number;
  total: number;
  more_columns: number;
}

interface PictureRow {
  kind: string;
  bytes: number;
  place: number;
  data?: string;
  text?: string;
}

/** A page of what is inside a state or a value: rows, a long text, a picture or a table. */
interface StatePage {
  rows: KeyedRow[];
  start: number;
  total: number;
  changed?: string[];
  full?: string;
  cut?: number;
  next?: number;
  picture?: PictureRow;
  table?: TablePage | null;
  /** The value as a conversation, where it is one, and what it is called. */
  chat?: { rows: MessageRow[]; start: number; total: number; name: string } | null;
  missing?: number;
  error?: string;
}

interface Change {
  path: string;
  kind: string;
  old: ValueRow | null;
  new: ValueRow | null;
}

interface Changes {
  rows: Change[];
  more: number;
  error?: string;
}

interface TitleRow {
  index: number;
  kind: string;
  path: string;
  visit: number;
  ms: number;
  failed: boolean;
  decision: string;
  tries: number;
  recorded: boolean;
  /** ``mocked`` or ``skipped``, where the node's own code did not run for that. */
  instead: string;
  stale: string[];
  gap: boolean;
  cost: string;
  /** Whether the code that made the frame was replaced since. */
  old_code: boolean;
  calls: CallSums | null;
}

interface Detail {
  title: TitleRow;
  tab: string;
  levels: string[];
  /** The frame that a diff is against, as the reader chose it. */
  chosen?: number | null;
  error?: string;
}

interface WriteRow {
  what: string;
  path: string;
  value: ValueRow | null;
  reducer: string;
}

interface WriterRow {
  frame: number;
  kind: string;
  path: string;
  visit: number;
  through: string[];
  wrote: WriteRow;
}

interface Hit {
  frame: number;
  path: string;
  where: string;
  key: string;
  text: string;
}

interface VisitRow {
  index: number;
  path: string;
  kind: string;
  ms: number;
}

interface WayRow {
  target: number;
  name: string;
  kind: string;
  /** Whether a stop where it is taken is set. */
  stop: boolean;
  /** What else is to be known of the stops on it: one that is off, one where it is refused. */
  said: string;
}

interface SideRow {
  frame: number;
  kind: string;
  path: string;
  next: string | null;
  failed: boolean;
}

/** Steps that need no look, as one row; the sides are those of the last one. */
interface FoldRow {
  fold: number;
  shared: boolean;
  left: SideRow | null;
  right: SideRow | null;
}

interface PairRow {
  fold?: undefined;
  path: string;
  visit: number;
  keys: string[];
  first: boolean;
  left: SideRow | null;
  right: SideRow | null;
}

interface Comparison {
  names: [string, string];
  rows: (FoldRow | PairRow)[];
  more: number;
  end: Changes;
  error?: string;
}

interface FieldRow {
  name: string;
  kind: string;
  declared: boolean;
  expected: string;
  choices: string[];
  /** What each choice is called; none where the values speak for themselves. */
  labels?: string[];
  reducer: string;
  text?: string | null;
  redacted?: string | null;
}

interface FormRow {
  open: boolean;
  fields: FieldRow[];
}

/** A field of an answer's form; one without a name is the whole answer. */
interface AnswerField extends FieldRow {
  required: boolean;
  told: string;
}

/** One of the actions that a request is about. */
interface ActionRow {
  name: string;
  told: string;
  args: string;
  allowed: string[];
  /** Why the arguments cannot be edited here; else empty. */
  locked: string;
}

/** What a question asks, and what its answer is made from. */
interface AskedRow {
  /** Answers that would not fit what is asked. */
  unfit: string[];
  parts: { key: string; text: string }[];
  actions: ActionRow[];
  /** Whether the answer is one decision, not a list of them. */
  alone: boolean;
  fields: AnswerField[] | null;
}

/** The form of an answer: its answer is a text of JSON, or what was typed. */
interface AnswerForm {
  root: HTMLElement;
  /** What would be sent; null while there is nothing to send. */
  answer: () => string | null;
  /** Whether a person has said anything other than yes. */
  edited: () => boolean;
}

/** What happens in a form. */
interface FormActs {
  changed: () => void;
  enter: (stay: boolean) => void;
}

/** What an answer to a barrier would lead to. */
interface Preview {
  next?: string | null;
  rows?: Change[];
  more?: number;
  error?: string;
  note?: string;
  /** In which box something wrong was typed. */
  invalid?: "key" | "value";
}

/** The answer to each question; `error` says why there is none. */
interface Replies {
  chunk: Partial<Chunk>;
  detail: Detail & { [name: string]: any };
  inside: StatePage;
  node: {
    calls?: CallSums | null; doc?: string; code?: string; mend?: string; mode?: string; ways?: WayRow[]; visits?: VisitRow[];
  };
  who: { of: string; rows: WriterRow[]; more: number; error?: string };
  find: { rows: Hit[]; total: number; error?: string };
  said: StatePage;
  place: { path: string; text: string; plain?: boolean; redacted?: string; error?: string };
  picture: PictureRow;
  changes: { rows: { frame: number; text: string; bad: boolean }[]; more: number; error?: string };
  compare: Comparison;
  pair: Changes;
  card: {
    targets: string[]; previews: Record<string, Preview>; about?: KeyedRow[]; form: FormRow; asked?: AskedRow; error?: string;
  };
  preview: Preview;
  call: CallBody;
  call_stretch: { rows?: MessageRow[]; error?: string };
  call_text: StatePage;
  call_picture: PictureRow;
  call_inside: StatePage;
  call_editor: { rows: EditorRow[]; model: string; error?: string };
  call_ask: { asked?: AskedAnswer[]; credentials?: string; error?: string };
}

// -- calls

/** What some calls come to; `unpriced` of them cost nobody knows what. */
interface CallSums {
  calls: number;
  in: number;
  out: number;
  cost: number;
  paid: number;
  unpriced: number;
  ms: number;
}

/** What is told of a call without opening it. */
interface CallHead {
  /** What it is asked by. */
  key: string;
  number: number;
  who: string;
  kind: string;
  in: number | null;
  out: number | null;
  cached: number | null;
  reasoning: number | null;
  cost: number | null;
  ms: number | null;
  ttft: number | null;
  attempts: number;
  served: boolean;
  source: number | null;
  marks: string[];
  error: string;
  status: number | null;
  /** Whether its answer is still coming. */
  live: boolean;
  /** Where the run stands at it: that, in words. */
  stopped: string;
  /** It differs when there is more of it. */
  state: string;
  /** Whether no frame has it so far; its node then. */
  open: boolean;
  node?: string;
  asked: number;
  /** In a page without a kernel. */
  body?: CallBody;
}

interface CallsDetail {
  sums: CallSums | null;
  calls: CallHead[];
  more: number;
  reading: boolean;
  able: boolean;
}

/** A part of a message: text, thought, image, call of a tool, its result, or something else. */
interface PartRow {
  kind: string;
  part?: number;
  text?: string;
  cut?: number;
  name?: string;
  args?: string;
  picture?: PictureRow;
  results?: { at?: number; part?: number; text: string; cut: number; next?: boolean }[];
}

interface MessageRow {
  at: number;
  role: string;
  name: string;
  parts: PartRow[];
}

/** Messages that follow each other: new ones, those of the call before, or those left out. */
interface CallItem {
  what: "new" | "same" | "gone";
  start: number;
  count: number;
  /** Where they are in the call before. */
  of?: number;
  /** Of new ones, and of others where no call on the page has them. */
  rows?: MessageRow[];
}

interface CallAnswer {
  live: boolean;
  parts: PartRow[];
}

/** What was said in a call. */
interface CallBody {
  chat?: boolean;
  method?: string;
  url?: string;
  finish?: string;
  items: CallItem[];
  answer?: CallAnswer | null;
  values: string[];
  tools?: number;
  error?: string;
  asked?: AskedAnswer[];
  pages?: Record<string, StatePage>;
}

interface AskedAnswer extends CallHead {
  answer: CallAnswer | null;
}

interface EditorRow {
  /** Which message it was; -1 for a new one. */
  of: number;
  role: string;
  text: string;
  /** Whether the text is all of the message, as JSON. */
  json: boolean;
  /** Why it cannot be edited here; else empty. */
  locked: string;
}

/** Where what is in a call comes from; null where nobody has it. */
interface CallSource {
  body: () => Promise<CallBody>;
  stretch: (item: CallItem) => Promise<MessageRow[]>;
  text: ((where: object, start: number) => Promise<StatePage>) | null;
  picture: ((at: number, part: number) => Promise<PictureRow>) | null;
  inside: (value: string, steps: number[], start: number) => Promise<StatePage>;
}

// -- a history in a file

/** Where a value stands in the book. */
type PlaceOf = number;

interface Inside {
  /** Pairs of key and place. */
  k?: [string, PlaceOf][];
  /** A tape and how much of it. */
  g?: [tape: number, count: number];
  /** A full text, and how many letters were cut off. */
  f?: string;
  c?: number;
  p?: PictureRow;
  t?: TablePage;
  /** That it is a list of records. */
  r?: number;
  /** How many children are not in the file. */
  m?: number;
}

interface BookLine {
  name: string;
  /** Stretches of the book's frames; with -1 - n for the first place: the first frames of line n. */
  frames: [first: number, count: number][];
  head: number;
  status: string;
  line_text: string;
}

/** What few frames have. */
interface More {
  output?: { text: string; cut: number; stream: string; chunks: number; shown: PictureRow[] };
  error?: { type: string; message: string; wrapped: string; [name: string]: unknown };
  decision?: string;
  tries?: number;
  recorded?: boolean;
  instead?: string;
  /** The frame's kind, where its row says in place of it that the node did not run. */
  kind?: string;
  stale?: string[];
  gap?: boolean;
  cost?: string;
  old_code?: boolean;
  /** Rows of tabs that have no answer of their own, by the tab's id. */
  tabs?: Record<string, Record<string, unknown>>;
}

interface Book {
  outline: OutlineJson;
  drawing: Drawing | null;
  head: Head;
  line: string;
  lines: BookLine[];
  frames: [row: FrameRow, path: number, state: number, root: number, level: number, route: number, writes: number[]][];
  more: Record<number, More>;
  routes: Record<string, unknown>[];
  values: [type: number, text: string | number, size?: string | null, inside?: Inside][];
  words: string[];
  tapes: PlaceOf[][];
  states: [since: number, set: number[], gone?: number[]][];
  nodes: Record<number, { lens?: string; code?: string; doc?: string }>;
  stops?: object[];
  compares?: Comparison[];
}

/** One write of a frame: its value's place, -1 for none. */
interface Write {
  what: string;
  path: string;
  key: string;
  value: PlaceOf;
  reducer: string;
}

/** A frame of a book. */
interface Page {
  index: number;
  /** Where it stands in the book: lines share the frames before a fork. */
  place: number;
  number: number;
  kind: string;
  visit: number;
  path: string;
  level: string;
  state: number;
  root: number;
  micros: number;
  route: Record<string, unknown>;
  more: More;
  readonly writes: Write[];
}

/** The frames of the line on show. */
interface Pages {
  readonly line: string;
  readonly count: number;
  readonly head: number;
  row(index: number): FrameRow;
  frame(index: number): Page;
  /** The state that a frame of any line had. */
  stateOf(line: string, index: number): number;
  /** The frames of any line as far as its head. */
  upToHead(line: string): Page[];
}

/** What a saved history answers from. */
interface SavedHistory {
  book: Book;
  outline: { name: string; nodes: { path: string; kind: string; parent: number }[] };
  pages: Pages;
  values: Values;
  standings: ReturnType<typeof import("./offline/standings.js").standingsOf>;
}
