/* Runs before the first paint: the page's still picture speaks the reader's language and fits a share link. */
(() => {
  const html = document.documentElement;
  const baseOf = (tag) => tag.toLowerCase().split("-")[0];
  let chosen = "";
  try {
    chosen = localStorage.getItem("divescore.language") ?? "";
  } catch {
    // The browser keeps storage from this page.
  }
  const offered = html.dataset.languages.split(" ");
  const wanted = [chosen, ...navigator.languages].map(baseOf);
  const spoken = wanted.find((base) => offered.some((tag) => baseOf(tag) === base));
  html.lang = offered.find((tag) => baseOf(tag) === spoken) ?? offered[0];
  if (location.hash.startsWith("#share=")) html.dataset.shared = "";
})();
