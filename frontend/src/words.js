/** The words that scripts show, written into the page by Django in the reader's language (`{% ui_words %}`). */
let words;
export function word(key, values = {}) {
  words ??= JSON.parse(document.getElementById("ui-words")?.textContent || "{}");
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
