// Somebody else's Autotask client (`@apigrate/autotask-restapi` from npm), as it is, against the simulator.
// Arguments: address, user, integration code, secret, a ticket's id. Writes what it was answered as JSON.
const { AutotaskRestApi } = require("@apigrate/autotask-restapi");

const [url, user, code, secret, ticket] = process.argv.slice(2);
const autotask = new AutotaskRestApi(user, secret, code, { base_url: `${url}/ATServicesRest/` });
const of = (field, value, op = "eq") => ({ filter: [{ op, field, value }] });

(async () => {
  const id = Number(ticket);
  const told = {};
  told.count = (await autotask.Tickets.count(of("id", 0, "gte"))).queryCount;
  told.open = (await autotask.Tickets.query(of("status", 5, "noteq"))).items.length;
  told.ticket = (await autotask.Tickets.get(id)).item;
  told.missing = (await autotask.Tickets.get(1)).item;
  told.updated = await autotask.Tickets.update({ id, priority: 1 });
  told.note = await autotask.TicketNotes.create(id, {
    title: "Note", description: "Looked into it.", noteType: 1, publish: 2,
  });
  told.notes = (await autotask.TicketNotes.query(of("ticketID", id))).items.map((note) => note.description);
  told.fields = (await autotask.Tickets.fieldInfo()).fields.map((field) => field.name);
  process.stdout.write(JSON.stringify(told));
})().catch((error) => {
  process.stderr.write(`${error}\n${JSON.stringify(error.details ?? null)}\n`);
  process.exit(1);
});
