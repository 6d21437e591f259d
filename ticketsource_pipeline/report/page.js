const specs = JSON.parse(document.getElementById("charts").textContent);
const places = [...document.querySelectorAll(".chart")];
const options = {
  mode: "vega",
  renderer: "svg",
  actions: false,
  // A browser's own tooltip: plain text, whatever the name of an event holds.
  tooltip: false,
  // Expressions are interpreted: the page may not make functions of text.
  ast: true,
};

async function draw(place) {
  try {
    // Vega gives the element it draws in a role and a label of its own: the place keeps ours.
    const canvas = document.createElement("div");
    canvas.className = "canvas";
    canvas.setAttribute("aria-hidden", "true");
    place.replaceChildren(canvas);
    await window.vegaEmbed(canvas, specs[place.dataset.chart], options);
  } catch (error) {
    console.error(error);
    place.textContent = "This chart could not be drawn; its figures are in the table beneath.";
    place.classList.add("broken");
  }
}

await Promise.all(places.map(draw));
document.documentElement.dataset.drawn = "yes";
