// Stands in for libxmljs, a compiled reader of XML: what sparkxml asks of it, over @xmldom/xmldom.
const { DOMParser } = require("@xmldom/xmldom");

const element = (node) => ({
  find: () => Array.from(node.childNodes).filter((child) => child.nodeType === 1).map(element),
  childNodes: () => Array.from(node.childNodes),
  text: () => node.textContent,
  namespace: () => null,
  name: () => node.nodeName,
});

exports.parseXml = (text) => {
  const document = new DOMParser().parseFromString(text, "text/xml");
  return { root: () => element(document.documentElement) };
};
