import {
  type Capability,
  createRoomApi,
  type Entry,
  type Links,
  type Member,
  type Room,
  type RoomApi,
} from "../api";
import { FileList } from "../files/list";
import { OpenTabs } from "../files/tabs";
import { Following } from "../people/following";
import { Connection } from "./connection";
import { Feed } from "./feed";
import { Live } from "./live";
import { People } from "./people";
import type { Session } from "./session";
import { Signal } from "./signal";

export interface RoomFacts {
  room: Room;
  member: Member;
  members: Member[];
  links: Links;
  /** Not there in what an older page remembered. */
  rights?: { capabilities: readonly Capability[] };
}

const EVERYTHING: readonly Capability[] = ["read", "write", "run", "terminal", "draw", "chat"];

/** What I may do; by the role alone while the server has not said it. */
function rightsOf({ rights, member }: RoomFacts): ReadonlySet<Capability> {
  if (rights) return new Set(rights.capabilities);
  if (member.role === "observer") return new Set(["read", "chat"]);
  const host: Capability[] = member.role === "host" ? ["hidden_tests", "manage"] : [];
  return new Set([...EVERYTHING, ...host]);
}

function collabUrl(): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/collab`;
}

/** Everything one open room needs, made once and ended together. */
export class OpenRoom {
  readonly api: RoomApi;
  readonly connection: Connection;
  readonly feed: Feed;
  readonly live = new Live();
  readonly people: People;
  readonly files: FileList;
  readonly tabs: OpenTabs;
  readonly following: Following;
  readonly changed = new Signal();
  readonly room: Room;
  me: Member;
  members: ReadonlyMap<string, Member>;
  links: Links;
  rights: ReadonlySet<Capability>;
  private asking = false;

  constructor(
    readonly code: string,
    session: Session,
    facts: RoomFacts,
  ) {
    this.room = facts.room;
    this.me = facts.member;
    this.links = facts.links;
    this.rights = rightsOf(facts);
    this.members = new Map(facts.members.map((member) => [member.id, member]));
    this.api = createRoomApi(session.roomId, session.token);
    this.connection = new Connection({
      url: collabUrl(),
      roomId: facts.room.id,
      createdAt: facts.room.createdAt,
      token: session.token,
      observer: facts.member.role === "observer",
    });
    const { doc, awareness } = this.connection;
    this.feed = new Feed(this.api, this.hear);
    this.files = new FileList(doc);
    this.tabs = new OpenTabs(facts.room.id, this.files);
    this.following = new Following(awareness);
    this.people = new People(
      awareness,
      () => this.me,
      (id) => this.files.get(id)?.path ?? null,
    );
    this.wire();
  }

  /** Newer facts than those the room was opened with. */
  learn(facts: RoomFacts): void {
    this.me = facts.member;
    this.links = facts.links;
    this.rights = rightsOf(facts);
    const members = facts.members.map((member) => [member.id, member] as const);
    this.members = new Map([...this.members, ...members]);
    this.changed.emit();
  }

  destroy(): void {
    this.feed.destroy();
    this.people.destroy();
    this.files.destroy();
    this.connection.destroy();
  }

  private wire(): void {
    const { connection, feed, files, live, people, tabs } = this;
    connection.onUp = () => {
      void feed.follow();
      live.problems.emit(); // a change may have been told meanwhile
    };
    connection.onDown = () => feed.pause();
    connection.onEvent = (event) => {
      if (event.type === "entry") feed.receive(event.entry);
      else if (event.type === "missed") void feed.follow();
      else live.take(event, Date.now());
    };
    files.changed.subscribe(people.later);
    tabs.changed.subscribe(() => {
      connection.awareness.setLocalStateField("file", tabs.active);
    });
    connection.awareness.setLocalStateField("file", tabs.active);
    connection.awareness.setLocalStateField("activeAt", Date.now());
  }

  private readonly hear = (entry: Entry): void => {
    if (entry.channel !== "room") return;
    const { data, kind } = entry;
    const mine = !("member" in data) || (data.member.id === this.me.id && kind === "role");
    if (mine) void this.askAgain();
    if (!("member" in data) || this.members.get(data.member.id)?.role === data.member.role) return;
    this.members = new Map([...this.members, [data.member.id, data.member]]);
    this.changed.emit();
  };

  /** My role or the room itself changed, and with it what I may do. */
  private async askAgain(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const facts = await this.api.snapshot().catch(() => null);
    this.asking = false;
    if (facts) this.learn(facts);
  }
}
