export { codeIn, roomPath } from "./codes";
export { Join } from "./Join";
export { default as StartPage } from "./StartPage";
