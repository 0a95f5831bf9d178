/* Runs the tests of the module named in the address and leaves {passed, failed} where the test runner looks. */

const file = new URLSearchParams(location.search).get("module");
const results = { passed: [], failed: [] };

try {
  const { tests } = await import(`./${file}`);
  for (const [name, run] of Object.entries(tests)) {
    try {
      await run();
      results.passed.push(name);
    } catch (error) {
      results.failed.push(`${name}: ${error.message}`);
    }
  }
} catch (error) {
  results.failed.push(`${file} did not load: ${error.message}`);
}
window.results = results;
