// Runs before the first paint, so that a chosen theme never flashes the other one. Not inline: the page's policy forbids it.
try {
  const theme = localStorage.getItem("masthead.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is closed to this page: the system's theme holds.
}
