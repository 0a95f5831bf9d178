// Choices of this browser that the server needs while it renders, so that nothing flickers.
const YEAR = 365 * 24 * 3600;

export function remember(name, value) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  const age = value === "" ? 0 : YEAR;
  document.cookie = `${name}=${value}; path=/; max-age=${age}; samesite=lax${secure}`;
}
