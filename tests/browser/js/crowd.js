// A crowd of real Yjs clients on the unmodified y-websocket provider: they edit one text at
// random, lose their connections at random, and answer what each of them ends up with.
async ({ vendor, room, edits, clients, seed, key }) => {
  const { WebsocketProvider, Y } = await import(vendor);
  let state = seed;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    return Math.floor((state / 2 ** 32) * below);
  };
  const words = ["word ", "é", "नि", "你好", "👍🏽", "👩‍👩‍👧", "🇩🇪", "a", "\n", "{{name}}", "ÅA\u0301"];
  const ticket = async () => {
    const answer = await fetch(`/api/v1/rooms/${room}/tickets`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}` },
      credentials: "omit",
    });
    return (await answer.json()).ticket;
  };
  const crowd = [];
  for (let n = 0; n < clients; n++) {
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(`ws://${location.host}/rooms`, room, doc, {
      params: { ticket: await ticket() },
      disableBc: true, // otherwise tabs of one browser would not need the server
      maxBackoffTime: 200,
    });
    crowd.push({ doc, provider, text: doc.getText("text") });
  }
  const synced = (one) =>
    new Promise((resolve) => {
      if (one.provider.synced) resolve();
      else one.provider.on("sync", (is) => is && resolve());
    });
  await Promise.all(crowd.map(synced));

  // Only whole characters are removed, as an editor does it.
  const edit = ({ doc, text }) => {
    const points = Array.from(text.toString());
    const at = random(points.length + 1);
    const offset = points.slice(0, at).join("").length;
    doc.transact(() => {
      if (points.length > at && random(3) === 0) {
        const gone = points.slice(at, at + 1 + random(4)).join("").length;
        text.delete(offset, gone);
      } else {
        text.insert(offset, words[random(words.length)]);
      }
    });
  };
  let disconnects = 0;
  const turns = Math.ceil(edits / clients);
  let done = 0;
  for (let turn = 0; turn < turns; turn++) {
    for (const one of crowd) {
      if (done < edits) edit(one);
      if (done < edits) done += 1;
    }
    if (turn % 20 === 19) {
      const one = crowd[random(clients)];
      one.provider.disconnect();
      disconnects += 1;
      const back = random(300);
      setTimeout(async () => {
        one.provider.params.ticket = await ticket();
        one.provider.connect();
      }, back);
    }
    // No faster than a person with a stuck key: the server lets 60 edits a second through.
    await new Promise((resolve) => setTimeout(resolve, 18));
  }
  const settled = () => {
    const [first] = crowd;
    const vector = Y.encodeStateVector(first.doc).toString();
    return crowd.every(
      (one) => one.provider.synced && Y.encodeStateVector(one.doc).toString() === vector
        && one.text.toString() === first.text.toString(),
    );
  };
  const until = Date.now() + 60000;
  while (!settled() && Date.now() < until) await new Promise((r) => setTimeout(r, 50));
  // The last edits of everybody have to be on disk as well: a newcomer gets only what is.
  const newcomer = { doc: new Y.Doc() };
  newcomer.provider = new WebsocketProvider(`ws://${location.host}/rooms`, room, newcomer.doc, {
    params: { ticket: await ticket() },
    disableBc: true,
  });
  await synced(newcomer);
  const texts = [...crowd, { ...newcomer, text: newcomer.doc.getText("text") }].map((one) =>
    one.text.toString(),
  );
  for (const one of [...crowd, newcomer]) one.provider.destroy();
  return { texts, disconnects, edits: done };
};
