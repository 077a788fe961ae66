// A stock Piston client: prints what it is given for the runtimes, a program that runs and one that does not compile.
import { NodePistonClient } from "piston-api-client";

const client = new NodePistonClient({ server: process.argv[2] });
const runtimes = await client.runtimes();
const execute = (language, content) => client.execute({ language, version: "*", files: [{ content }], stdin: "you" });
const runs = await execute("python", "print('hi', input())");
const fails = await execute("c", "int main({");
console.log(JSON.stringify({ runtimes, runs, fails }));
process.exit(0);
