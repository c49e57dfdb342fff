// A swap that changes what differs and leaves the rest: focus, selection, scroll, open details and typed words stay.
/* global htmx, Idiomorph */

const callbacks = {
  beforeNodeMorphed(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) return true;
    if (old.localName === "textarea") return false; // somebody may be writing a comment
    if (old.localName === "input" && old.type === "radio") return false; // or has chosen an answer
    if (old.localName === "hive-log") {
      if (fresh.nodeType === Node.ELEMENT_NODE && fresh.localName === "hive-log") takeAttributes(old, fresh);
      return !old.firstElementChild; // what is inside came by its own stream
    }
    return true;
  },
  beforeAttributeUpdated(name, element) {
    if (name === "open" && element.localName === "details") return false; // the reader opened or closed it
    return !(name === "data-shown" && element.hasAttribute("data-shown")); // jobs.js marks the job that is shown
  },
};

function takeAttributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    return Idiomorph.morph(target, fragment.children, { morphStyle: "outerHTML", ignoreActiveValue: true, callbacks });
  },
});
