var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:f,getOwnPropertySymbols:p,getPrototypeOf:m}=Object,h=globalThis,ee=h.trustedTypes,te=ee?ee.emptyScript:``,ne=h.reactiveElementPolyfillSupport,g=(e,t)=>e,re={toAttribute(e,t){switch(t){case Boolean:e=e?te:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},ie=(e,t)=>!l(e,t),ae={attribute:!0,type:String,converter:re,reflect:!1,useDefault:!1,hasChanged:ie};Symbol.metadata??=Symbol(`metadata`),h.litPropertyMetadata??=new WeakMap;var oe=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=ae){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??ae}static _$Ei(){if(this.hasOwnProperty(g(`elementProperties`)))return;let e=m(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(g(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(g(`properties`))){let e=this.properties,t=[...f(e),...p(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?re:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?re:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??ie)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};oe.elementStyles=[],oe.shadowRootOptions={mode:`open`},oe[g(`elementProperties`)]=new Map,oe[g(`finalized`)]=new Map,ne?.({ReactiveElement:oe}),(h.reactiveElementVersions??=[]).push(`2.1.2`);var se=globalThis,ce=e=>e,le=se.trustedTypes,ue=le?le.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,de=`$lit$`,_=`lit$${Math.random().toFixed(9).slice(2)}$`,fe=`?`+_,pe=`<${fe}>`,me=document,he=()=>me.createComment(``),ge=e=>e===null||typeof e!=`object`&&typeof e!=`function`,_e=Array.isArray,ve=e=>_e(e)||typeof e?.[Symbol.iterator]==`function`,ye=`[ 	
\f\r]`,be=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,xe=/-->/g,Se=/>/g,v=RegExp(`>|${ye}(?:([^\\s"'>=/]+)(${ye}*=${ye}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),Ce=/'/g,we=/"/g,Te=/^(?:script|style|textarea|title)$/i,Ee=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),y=Ee(1),b=Ee(2),x=Symbol.for(`lit-noChange`),S=Symbol.for(`lit-nothing`),De=new WeakMap,Oe=me.createTreeWalker(me,129);function ke(e,t){if(!_e(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return ue===void 0?t:ue.createHTML(t)}var Ae=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=be;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===be?c[1]===`!--`?o=xe:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=v):(Te.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=v):o=Se:o===v?c[0]===`>`?(o=i??be,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?v:c[3]===`"`?we:Ce):o===we||o===Ce?o=v:o===xe||o===Se?o=be:(o=v,i=void 0);let d=o===v&&e[t+1].startsWith(`/>`)?` `:``;a+=o===be?n+pe:l>=0?(r.push(s),n.slice(0,l)+de+n.slice(l)+_+d):n+_+(l===-2?t:d)}return[ke(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},je=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=Ae(t,n);if(this.el=e.createElement(l,r),Oe.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=Oe.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(de)){let t=u[o++],n=i.getAttribute(e).split(_),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?Ie:r[1]===`?`?Le:r[1]===`@`?Re:Fe}),i.removeAttribute(e)}else e.startsWith(_)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(Te.test(i.tagName)){let e=i.textContent.split(_),t=e.length-1;if(t>0){i.textContent=le?le.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],he()),Oe.nextNode(),c.push({type:2,index:++a});i.append(e[t],he())}}}else if(i.nodeType===8){if(i.data===fe)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(_,e+1))!==-1;)c.push({type:7,index:a}),e+=_.length-1}}a++}}static createElement(e,t){let n=me.createElement(`template`);return n.innerHTML=e,n}};function Me(e,t,n=e,r){if(t===x)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=ge(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=Me(e,i._$AS(e,t.values),i,r)),t}var Ne=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??me).importNode(t,!0);Oe.currentNode=r;let i=Oe.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new Pe(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new ze(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=Oe.nextNode(),a++)}return Oe.currentNode=me,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},Pe=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=S,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=Me(this,e,t),ge(e)?e===S||e==null||e===``?(this._$AH!==S&&this._$AR(),this._$AH=S):e!==this._$AH&&e!==x&&this._(e):e._$litType$===void 0?e.nodeType===void 0?ve(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==S&&ge(this._$AH)?this._$AA.nextSibling.data=e:this.T(me.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=je.createElement(ke(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new Ne(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=De.get(e.strings);return t===void 0&&De.set(e.strings,t=new je(e)),t}k(t){_e(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(he()),this.O(he()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=ce(e).nextSibling;ce(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},Fe=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=S,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=S}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=Me(this,e,t,0),a=!ge(e)||e!==this._$AH&&e!==x,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=Me(this,r[n+o],t,o),s===x&&(s=this._$AH[o]),a||=!ge(s)||s!==this._$AH[o],s===S?e=S:e!==S&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===S?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},Ie=class extends Fe{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===S?void 0:e}},Le=class extends Fe{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==S)}},Re=class extends Fe{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=Me(this,e,t,0)??S)===x)return;let n=this._$AH,r=e===S&&n!==S||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==S&&(n===S||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},ze=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){Me(this,e)}},Be={M:de,P:_,A:fe,C:1,L:Ae,R:Ne,D:ve,V:Me,I:Pe,H:Fe,N:Le,U:Re,B:Ie,F:ze},Ve=se.litHtmlPolyfillSupport;Ve?.(je,Pe),(se.litHtmlVersions??=[]).push(`3.3.3`);var He=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new Pe(t.insertBefore(he(),e),e,void 0,n??{})}return i._$AI(e),i},Ue=globalThis,C=class extends oe{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=He(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return x}};C._$litElement$=!0,C.finalized=!0,Ue.litElementHydrateSupport?.({LitElement:C});var We=Ue.litElementPolyfillSupport;We?.({LitElement:C}),(Ue.litElementVersions??=[]).push(`4.2.2`);var Ge={plus:b`<path d="M8 3v10M3 8h10"/>`,menu:b`<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>`,close:b`<path d="M4 4l8 8M12 4l-8 8"/>`,copy:b`<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2"/>`,done:b`<path d="M3 8.5l3.5 3.5L13 4.5"/>`,up:b`<path d="M8 13V3.5M3.5 8L8 3.5 12.5 8"/>`,down:b`<path d="M8 3v9.5M3.5 8L8 12.5 12.5 8"/>`,pen:b`<path d="M10.5 3l2.5 2.5L6 12.5l-3 .5.5-3z"/>`,bin:b`<path d="M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9"/>`,receipt:b`<path d="M3.5 2.5h9v11l-1.5-1-1.5 1-1.5-1-1.5 1-1.5-1-1.5 1zM6 6h4M6 8.5h4"/>`,mind:b`<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/><path d="M5 3v3M10.5 6.5v3M7 10v3" stroke-width="2.4"/>`,memory:b`<ellipse cx="8" cy="4" rx="5" ry="1.8"/><path d="M3 4v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8S13 9 13 8"/>`,search:b`<circle cx="7" cy="7" r="4.2"/><path d="M10.2 10.2L13.5 13.5"/>`,sun:b`<circle cx="8" cy="8" r="2.8"/><path d="M8 1.8v1.6M8 12.6v1.6M1.8 8h1.6M12.6 8h1.6M3.6 3.6l1.1 1.1M11.3 11.3l1.1 1.1M3.6 12.4l1.1-1.1M11.3 4.7l1.1-1.1"/>`,moon:b`<path d="M12.8 9.6A5.2 5.2 0 0 1 6.4 3.2a5.2 5.2 0 1 0 6.4 6.4z"/>`,half:b`<circle cx="8" cy="8" r="5.2"/><path d="M8 2.8v10.4a5.2 5.2 0 0 0 0-10.4z" fill="currentColor"/>`,again:b`<path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8"/>`,good:b`<path d="M5 7.2v6H2.8v-6zM5 7.2l2.4-4.7c1 0 1.6.7 1.5 1.6L8.6 6.2h3.5c.8 0 1.3.7 1.1 1.5l-1 4.4c-.2.7-.7 1.1-1.4 1.1H5"/>`,poor:b`<path d="M11 8.8v-6h2.2v6zM11 8.8l-2.4 4.7c-1 0-1.6-.7-1.5-1.6l.3-2.1H3.9c-.8 0-1.3-.7-1.1-1.5l1-4.4c.2-.7.7-1.1 1.4-1.1H11"/>`,left:b`<path d="M10 3.5L5.5 8l4.5 4.5"/>`,right:b`<path d="M6 3.5L10.5 8 6 12.5"/>`,more:b`<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.4"/>`,tool:b`<path d="M13.2 4.6l-2.4 2.4-1.8-1.8 2.4-2.4a3.6 3.6 0 0 0-4.7 4.7L2.6 11.6l1.8 1.8 4.1-4.1a3.6 3.6 0 0 0 4.7-4.7z"/>`,wait:b`<circle cx="8" cy="8" r="5.2"/><path d="M8 5v3.2l2 1.4"/>`,stop:b`<rect x="4" y="4" width="8" height="8" rx="1.2" fill="currentColor"/>`};function w(e){return y`<svg
    width="16"
    height="16"
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width="1.4"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${Ge[e]}
  </svg>`}var T=o`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  h4,
  p,
  ol,
  ul,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }
  ol,
  ul {
    list-style: none;
  }
  h2,
  h3 {
    font-size: inherit;
    font-weight: 600;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 1px;
    border-radius: var(--corner);
  }
  svg {
    display: block;
  }
  a {
    color: var(--accent);
    text-underline-offset: 2px;
  }
  code,
  kbd {
    font-family: var(--mono);
    font-size: 0.9em;
  }
  .quiet {
    color: var(--ink-soft);
  }
  .small {
    font-size: var(--size-small);
  }
  .tiny {
    font-size: var(--size-tiny);
  }
  .number {
    text-align: right;
    font-variant-numeric: tabular-nums;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .cut {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
`,E=o`
  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--s2);
    min-height: 32px;
    padding: 0 var(--s3);
    border: 1px solid var(--hairline);
    border-radius: var(--corner);
    background: var(--raised);
    cursor: pointer;
    transition: background var(--quick);
  }
  button:hover:not(:disabled) {
    background: var(--pressed);
  }
  button:disabled {
    color: var(--ink-soft);
    cursor: default;
  }
  button.plain {
    border-color: transparent;
    background: transparent;
    color: var(--ink-soft);
  }
  button.plain:hover:not(:disabled) {
    background: var(--pressed);
    color: var(--ink);
  }
  button.icon {
    width: 32px;
    padding: 0;
    flex: none;
  }
  button.main {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }
  button.main:hover:not(:disabled) {
    background: color-mix(in oklab, var(--accent), var(--ink) 18%);
  }
  button.main:disabled {
    border-color: var(--hairline);
    background: var(--pressed);
    color: var(--ink-soft);
  }
  button.danger {
    border-color: var(--bad);
    color: var(--bad);
  }
  button.link {
    min-height: 0;
    padding: 0;
    border: 0;
    background: none;
    color: var(--accent);
    text-decoration: underline;
    text-underline-offset: 2px;
  }
  input,
  select,
  textarea {
    min-height: 32px;
    padding: var(--s1) var(--s2);
    border: 1px solid var(--hairline);
    border-radius: var(--corner);
    background: var(--ground);
  }
  input::placeholder,
  textarea::placeholder {
    color: var(--ink-soft);
    opacity: 1;
  }
  input:focus-visible,
  select:focus-visible,
  textarea:focus-visible {
    outline-offset: -1px;
  }
  .filter {
    position: relative;
    color: var(--ink-soft);
  }
  .filter svg {
    position: absolute;
    top: 8px;
    left: 10px;
  }
  .filter input {
    width: 100%;
    padding-left: 34px;
    color: var(--ink);
  }
  kbd {
    padding: 0 var(--s1);
    border: 1px solid var(--hairline);
    border-radius: 4px;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
    line-height: 1.4;
  }
`,D=o`
  .notice,
  .problem {
    padding: var(--s2) var(--s3);
    border-left: 2px solid var(--outline);
    background: var(--sunken);
    font-size: var(--size-small);
    overflow-wrap: anywhere;
  }
  .notice.warn {
    border-color: var(--warn);
    background: var(--warn-soft);
  }
  .problem {
    border-color: var(--bad);
    background: var(--bad-soft);
  }
  .problem .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s2) var(--s3);
    margin-top: var(--s2);
  }
`,Ke=new Set([`chat.done`,`chat.failed`,`chat.cancelled`,`error`]),qe=`soma.edge.v1.json`,Je=250,Ye=8e3,Xe=2e4,Ze=[4001,4003],Qe=class{listener;rest;#e;#t=Je;#n;#r=0;#i=new Map;constructor(e,t){this.listener=e,this.rest=t,addEventListener(`online`,()=>this.#u()),addEventListener(`offline`,()=>this.#e?.close()),setInterval(()=>this.#d(),Xe)}open(){clearTimeout(this.#n);let e=location.protocol===`https:`?`wss`:`ws`,t=new WebSocket(`${e}://${location.host}/ws/v2/chat`,[qe]);this.#e=t,t.addEventListener(`message`,e=>this.#s(JSON.parse(String(e.data)))),t.addEventListener(`close`,e=>void this.#l(t,e.code))}begin(e){let t=crypto.randomUUID();return this.#i.set(t,{opening:e,turnId:``,sequence:0,stopWhenKnown:!1}),this.#o(e.type,t,e.payload),t}follow(e){let t=crypto.randomUUID();return this.#i.set(t,{opening:void 0,turnId:e,sequence:0,stopWhenKnown:!1}),this.#o(`chat.resume`,t,{turn_id:e,after_sequence:0}),t}stop(e){let t=this.#i.get(e);t!==void 0&&(t.stopWhenKnown=t.turnId===``||!this.#a,t.stopWhenKnown||this.#o(`chat.cancel`,crypto.randomUUID(),{turn_id:t.turnId}))}turnOf(e){return this.#i.get(e)?.turnId??``}leave(e){this.#i.delete(e)}get#a(){return this.#e?.readyState===WebSocket.OPEN}#o(e,t,n){this.#a&&this.#e?.send(JSON.stringify({type:e,id:t,timestamp:new Date().toISOString(),payload:n}))}#s(e){if(this.#r=performance.now(),e.type===`connected`){this.#t=Je,this.listener.link(`connected`),this.listener.connected(e.payload),this.#c();return}if(e.type===`title_update`){this.listener.title(e.payload);return}let t=this.#i.get(e.id);if(t===void 0)return;let{turn_id:n,sequence:r}=e.payload;if(n!==void 0&&r!==void 0){if(r<=t.sequence)return;t.turnId=n,t.sequence=r}Ke.has(e.type)?this.#i.delete(e.id):t.stopWhenKnown&&this.stop(e.id),this.listener.frame(e.id,{type:e.type,payload:e.payload})}#c(){for(let[e,t]of this.#i)t.turnId===``?t.opening!==void 0&&this.#o(t.opening.type,e,t.opening.payload):this.#o(`chat.resume`,e,{turn_id:t.turnId,after_sequence:t.sequence})}async#l(e,t){e===this.#e&&(this.#e=void 0,this.listener.link(`lost`),Ze.includes(t)&&await this.rest.renew()===!1?this.listener.link(`locked`):(this.#n=setTimeout(()=>this.open(),this.#t*(.75+Math.random()/2)),this.#t=Math.min(this.#t*2,Ye)))}#u(){this.#t=Je,this.#e===void 0&&this.open()}#d(){if(!this.#a||document.hidden)this.#r=performance.now();else if(performance.now()-this.#r>2*Xe){let e=this.#e;e?.close(),e!==void 0&&this.#l(e,1006)}else this.#o(`ping`,crypto.randomUUID(),{})}},$e=`OFFLINE`,et=class extends Error{code;details;retryAfter;violations;constructor(e){let t=(e.violations??[]).map(e=>`${e.field}: ${e.description}`);super([e.message,...e.violations&&t.length>1?t:[]].join(` `)),this.code=e.code,this.details=e.details??{},this.retryAfter=e.retry_after,this.violations=e.violations??[]}};function tt(){return new et({code:$e,message:"The mesh cannot be reached from here. Look whether it runs with `.venv/bin/somastack status`."})}function O(e){return e instanceof et?e:tt()}var nt=`application/json`,rt=`/api/v1/auth/session`,it=class{get(e,t={},n){return this.#e(`GET`,`${e}${ct(t)}`,void 0,n)}post(e,t,n){return this.#e(`POST`,e,t,n)}patch(e,t){return this.#e(`PATCH`,e,t)}delete(e){return this.#e(`DELETE`,e)}async lines(e){let t=await this.#t(`GET`,e,void 0,void 0,`application/x-ndjson`),n=(await t.text()).split(`
`).filter(e=>e!==``).map(e=>JSON.parse(e)),r=n.map(st).find(e=>e!==void 0);if(r!==void 0||!t.ok)throw r??tt();return n}async renew(){return(await fetch(rt,{credentials:`same-origin`}).catch(()=>void 0))?.ok}async#e(e,t,n,r){let i=await this.#t(e,t,n,r),a=await i.json().catch(()=>void 0);if(!i.ok)throw st(a)??tt();return a}async#t(e,t,n,r,i=nt){let a=await at(e,t,i,n,r);return a.status===401&&await this.renew()?await at(e,t,i,n,r):a}};async function at(e,t,n,r,i){let a={accept:n};e!==`GET`&&(a[`x-soma-csrf`]=ot());let o={method:e,headers:a,credentials:`same-origin`};r!==void 0&&(a[`content-type`]=nt,o.body=JSON.stringify(r)),i!==void 0&&(o.signal=i);try{return await fetch(t,o)}catch(e){throw e instanceof DOMException&&e.name===`AbortError`?e:tt()}}function ot(){let e=document.cookie.split(`; `).map(e=>e.split(`=`,2)).filter(([e])=>e.startsWith(`soma_csrf_`)),t=e.find(([e])=>e===`soma_csrf_${location.port}`);return decodeURIComponent((t??e[0])?.[1]??``)}function st(e){if(typeof e==`object`&&e&&`error`in e)return new et(e.error)}function ct(e){let t=new URLSearchParams;for(let[n,r]of Object.entries(e))for(let e of Array.isArray(r)?r:[r])t.append(n,String(e));let n=t.toString();return n===``?``:`?${n}`}var lt=new Intl.NumberFormat,ut=new Intl.NumberFormat(void 0,{notation:`compact`,maximumFractionDigits:2,roundingMode:`floor`}),dt=[2,4,6].map(e=>Dt(Math.min(e,4),e)),ft=new Intl.DateTimeFormat(void 0,{hour:`2-digit`,minute:`2-digit`}),pt=new Intl.DateTimeFormat(void 0,{weekday:`long`,day:`numeric`,month:`long`}),mt=new Intl.DateTimeFormat(void 0,{dateStyle:`medium`,timeStyle:`short`}),ht=864e5;function k(e){return lt.format(Number(e??0))}function gt(e){return String(Number.isInteger(e)?e:Number(e.toPrecision(6)))}function _t(e){return e<1e5?lt.format(e):ut.format(e)}function A(e,t,n=`${t}s`){return`${lt.format(e)} ${e===1?t:n}`}function vt(e){return Number(e??0)===0?`free`:yt(e)}function yt(e){let t=Number(e??0)/1e6,n=Math.abs(t);return(dt[n>=1||n===0?0:n>=.01?1:2]??lt).format(t)}function bt(e){return e<100?`${lt.format(Math.ceil(e))} s`:e<6e3?A(Math.ceil(e/60),`minute`):e<259200?A(Math.ceil(e/3600),`hour`):A(Math.ceil(e/86400),`day`)}function xt(e){return e>=1e3?`${(e/1e3).toFixed(2)} s`:`${e<10?e.toFixed(1):e.toFixed(0)} ms`}function j(e){return e.replaceAll(`_`,` `)}function M(e){return e.charAt(0).toUpperCase()+e.slice(1)}function St(e,t){return j(e.replace(t,``).toLowerCase())}function N(e){return e.replace(`DEGRADATION_LEVEL_`,``)}function Ct(e){return ft.format(e)}function P(e){return mt.format(new Date(e))}function wt(e,t=new Date){let n=Math.round((Tt(t)-Tt(new Date(e)))/ht);return n<=0?`Today`:n===1?`Yesterday`:pt.format(new Date(e))}function Tt(e){return new Date(e).setHours(0,0,0,0)}function Et(e,t=8){let n=e.trim().split(/\s+/),r=n.slice(0,t).join(` `).slice(0,80);return n.length>t?`${r} …`:r}function Dt(e,t){return new Intl.NumberFormat(void 0,{style:`currency`,currency:`USD`,currencyDisplay:`narrowSymbol`,minimumFractionDigits:e,maximumFractionDigits:t})}var F=class{#e;#t=new Set;constructor(e){this.#e=e}get value(){return this.#e}set value(e){if(!Object.is(e,this.#e)){this.#e=e;for(let e of[...this.#t])e()}}watch(e){return this.#t.add(e),()=>this.#t.delete(e)}},Ot=class extends F{constructor(){super(0)}beat(){this.value+=1}},I=class{rest;path;field;rows=new F(void 0);problem=new F(void 0);#e={};#t=``;#n=0;constructor(e,t,n){this.rest=e,this.path=t,this.field=n}get hasMore(){return this.#t!==``}clear(){this.#n+=1,this.#t=``,this.rows.value=void 0,this.problem.value=void 0}async load(e){this.#n+=1,this.#e=e,await this.#r(``,[])}async more(){this.hasMore&&await this.#r(this.#t,this.rows.value??[])}async#r(e,t){let n=this.#n;try{let r=e===``?this.#e:{...this.#e,page_token:e},i=await this.rest.get(this.path,r);n===this.#n&&(this.#t=String(i.next_page_token??``),this.rows.value=[...t,...i[this.field]??[]],this.problem.value=void 0)}catch(e){n===this.#n&&(this.problem.value=O(e))}}},kt=10,At=class{rest;now=new F(void 0);problem=new F(void 0);versions;#e=``;constructor(e){this.rest=e,this.versions=new I(e,`/api/v1/cognitive/adaptation/history`,`states`)}async load(e){let t=e!==this.#e;this.#e=e;try{let n=await this.rest.get(`/context/adaptation/state`,{agent_id:e});if(this.#e===e){let e=n.state.version!==this.now.value?.state.version;this.now.value=n,this.problem.value=void 0,(t||e)&&this.versions.rows.value!==void 0&&await this.loadVersions()}}catch(e){this.problem.value=O(e)}}async loadVersions(){await this.versions.load({agent_id:this.#e,page_size:kt})}async rollBack(e){let t=this.now.value?.state.version,n={agent_id:this.#e,version:e,...t===void 0?{}:{expected_version:t}};await this.rest.post(`/api/v1/cognitive/adaptation/rollback`,n),await this.load(this.#e)}},jt=`/api/v1/chat/approvals`,Mt=200,Nt=3e4,Pt=class{rest;waiting=new F([]);#e=0;constructor(e){this.rest=e,setInterval(()=>{document.hidden||this.refresh()},Nt)}async refresh(){let e=++this.#e,t=await this.rest.get(jt,{page_size:Mt}).catch(()=>void 0);t!==void 0&&e===this.#e&&(this.waiting.value=t.approvals)}async decide(e,t,n,r,i){let a=`/api/v1/chat/turns/${encodeURIComponent(e)}/approvals/${encodeURIComponent(t)}:resolve`,o=r===`approve`?`APPROVAL_DECISION_APPROVE`:`APPROVAL_DECISION_DENY`;try{await this.rest.post(a,{decision:o,arguments_hash:n,note:i})}finally{this.refresh()}}},Ft=10,It=50,Lt=class{rest;mine=new F(void 0);problem=new F(void 0);all;spent;#e=0;constructor(e){this.rest=e,this.all=new I(e,`/api/v1/budgets`,`budgets`),this.spent=new I(e,`/api/v1/receipts`,`receipts`)}async load(e,t,n){let r=[this.#t(e,t),this.spent.load({page_size:Ft})];n&&r.push(this.all.load({page_size:It})),await Promise.all(r)}async set(e){await this.rest.post(`/api/v1/budget`,{...e,request_id:crypto.randomUUID()})}async#t(e,t){this.#e+=1;let n=this.#e,r={...e===``?{}:{agent_id:e},...t===``?{}:{conversation_id:t}};try{let{budgets:e}=await this.rest.get(`/api/v1/budget`,r);n===this.#e&&(this.mine.value=e,this.problem.value=void 0)}catch(e){n===this.#e&&(this.problem.value=O(e))}}},Rt=`/api/v1/chat/conversations`,zt=60,Bt=class{rest;list=new F(void 0);filter=new F(``);problem=new F(void 0);#e=new Map;#t=``;#n=0;constructor(e){this.rest=e}get hasMore(){return this.#t!==``}async refresh(){let e=++this.#n;try{let t=await this.#r(``);e===this.#n&&(this.#t=t.next_page_token,this.list.value=t.conversations,this.problem.value=void 0)}catch(t){e===this.#n&&(this.problem.value=O(t))}}async loadMore(){let e=this.#n,t=await this.#r(this.#t).catch(()=>void 0);t!==void 0&&e===this.#n&&(this.#t=t.next_page_token,this.list.value=[...this.list.value??[],...t.conversations])}async narrow(e){this.filter.value=e,await this.refresh()}nameOf(e){return e.title||(this.#e.get(e.conversation_id)??``)}callFirst(e,t){this.#e.set(e,t)}titled(e,t){let{value:n}=this.list;n?.some(n=>n.conversation_id===e&&n.title!==t)===!0&&(this.list.value=n.map(n=>n.conversation_id===e?{...n,title:t}:n))}async rename(e,t){await this.rest.patch(`${Rt}/${encodeURIComponent(e)}`,{conversation:{title:t}}),await this.refresh()}async delete(e){await this.rest.delete(`${Rt}/${encodeURIComponent(e)}`),await this.refresh()}#r(e){let t={page_size:zt,page_token:e,title_contains:this.filter.value.trim()};return this.rest.get(Rt,t)}},Vt=`/api/v1/governor/config`,Ht=20,Ut=class{rest;now=new F(void 0);problem=new F(void 0);versions;#e=new Map;constructor(e){this.rest=e,this.versions=new I(e,`${Vt}/versions`,`versions`)}async load(){await Promise.all([this.loadNow(),this.versions.load({page_size:Ht})])}async loadNow(){try{let{version:e,calibration:t}=await this.rest.get(Vt);this.now.value={version:e,calibration:t},this.problem.value=void 0}catch(e){this.problem.value=O(e)}}async read(e){let t=this.#e.get(e);if(t!==void 0)return t;let{version:n}=await this.rest.get(Vt,{version:e});return this.#e.set(e,n),n}async restore(e,t){let n=this.now.value?.version.version;await this.rest.post(Vt,{restore_version:e,comment:t,request_id:crypto.randomUUID(),...n===void 0?{}:{based_on_version:n}}),await this.load()}},Wt={TOOL_CALL_STATUS_UNSPECIFIED:`unknown`,TOOL_CALL_STATUS_DONE:`done`,TOOL_CALL_STATUS_FAILED:`failed`,TOOL_CALL_STATUS_DENIED:`denied`,TOOL_CALL_STATUS_UNKNOWN:`unknown`};function Gt(e,t,n,r){return{callId:e,name:t,args:n,at:r,state:`running`,content:``,truncated:!1,milliseconds:0,consent:void 0}}function Kt(e){let t=new Map((e.tool_results??[]).map(e=>[e.call_id,e]));return(e.tool_calls??[]).map(n=>{let r=t.get(n.call_id),i=e.finish_reason===`tool_calls`?`client`:`open`,a=r===void 0?i:Wt[r.status];return{...Gt(n.call_id,n.name,n.arguments_json,0),state:a,content:r?.content??``}})}function qt(e,t,n){return Qt(e,t,n,e=>{let n=e.consent!==void 0&&e.consent.decision!==`approve`;return{...e,args:t.arguments,state:n?e.state:t.by_client?`client`:`running`}})}function Jt(e,t,n){return Qt(e,t,n,e=>({...e,state:t.status,content:t.content,truncated:t.truncated,milliseconds:t.duration_milliseconds}))}function Yt(e,t,n){let r={hash:t.arguments_hash,sentence:t.sentence,expireTime:t.expire_time,decision:``,decidedBy:``,note:``};return Qt(e,t,n,e=>({...e,args:t.arguments||e.args,state:`consent`,consent:r}))}function Xt(e,t){return e.map(e=>{if(e.callId!==t.call_id||e.consent===void 0)return e;let n={...e.consent,decision:t.decision,decidedBy:t.decided_by,note:t.note},r=t.decision===`approve`?`running`:`denied`;return{...e,consent:n,state:e.state===`consent`?r:e.state}})}function Zt(e){return e.map(e=>e.state===`running`||e.state===`consent`?{...e,state:`open`}:e)}function Qt(e,t,n,r){return e.some(e=>e.callId===t.call_id)?e.map(e=>e.callId===t.call_id?r(e):e):[...e,r(Gt(t.call_id,t.name,``,n))]}var $t=class{key;role;changed=new Ot;notices=[];seams=[];begun=performance.now();tools=[];text=``;reasoning=``;state=`done`;problem;retry;resting=!1;siblings={number:1,count:1};rated=`none`;ratedUntil=0;messageId=``;turnId=``;receiptId=``;level=``;model=``;usage;costMicros=``;firstTokenMs=0;time;constructor(e,t,n=new Date){this.key=e,this.role=t,this.time=n}get running(){return this.state===`waiting`||this.state===`writing`}get asking(){return this.running?this.tools.find(e=>e.state===`consent`):void 0}};function en(e){let t=new $t(crypto.randomUUID(),`user`);return t.text=e,t}function tn(){let e=new $t(crypto.randomUUID(),`assistant`);return e.state=`waiting`,e}function nn(e){let t=e.role===`ROLE_USER`?`user`:`assistant`,n=new $t(e.message_id,t,new Date(e.create_time));return n.text=on(e),n.messageId=e.message_id,n.turnId=e.turn_id,n.receiptId=e.receipt_id,n.model=e.model,n.costMicros=e.cost_micros,n.usage=e.usage,n.tools=Kt(e),e.partial&&(n.state=e.finish_reason===`cancelled`?`stopped`:`failed`),rn(n,e,performance.now()),n}function rn(e,t,n){let r={number:t.sibling_number||1,count:t.sibling_count||1},i=n<e.ratedUntil?e.rated:an(t);(r.number!==e.siblings.number||r.count!==e.siblings.count||i!==e.rated)&&(e.siblings=r,e.rated=i,e.changed.beat())}function an(e){return e.rating===`RATING_GOOD`?`good`:e.rating===`RATING_BAD`?`bad`:`none`}function on(e){return e.content.map(e=>e.text??``).join(``)}function sn(e,t){let n=e.details.error_id??e.turn_id??t;return{code:e.code,message:e.message,retryAfter:e.retry_after,errorId:n}}var cn=`/api/v1/chat/conversations`;async function ln(e,t,n){let r=await e.lines(`${cn}/${encodeURIComponent(t)}:export`),i=r.find(e=>e.header!==void 0)?.header;if(i===void 0)throw new et({code:`MALFORMED_MESSAGE`,message:`The mesh sent no conversation. Try again.`});let a=r.flatMap(e=>e.message===void 0?[]:[e.message]),o=mn(i.title);return n===`json`?{name:`${o}.json`,type:`application/json`,text:JSON.stringify({header:i,messages:a},null,2)}:{name:`${o}.md`,type:`text/markdown`,text:fn({header:i,messages:a})}}async function un(e,t){let{header:n,messages:r}=dn(t);return(await e.post(`${cn}:import`,{header:n,messages:r})).conversation.conversation_id}function dn(e){let t;try{t=JSON.parse(e)}catch{t=void 0}if(typeof t!=`object`||!t||!(`header`in t)||!(`messages`in t))throw new et({code:`MALFORMED_MESSAGE`,message:`This is no exported conversation. Choose a file that “Export as JSON” made.`});return t}function fn({header:e,messages:t}){let n=pn(t,e.current_leaf_message_id).filter(e=>e.role===`ROLE_USER`||e.role===`ROLE_ASSISTANT`).map(t=>`## ${t.role===`ROLE_USER`?`You`:e.agent_name||`Answer`}\n\n${on(t)}`);return`${[`# ${e.title||`Untitled chat`}`,...n].join(`

`)}\n`}function pn(e,t){let n=new Map(e.map(e=>[e.message_id,e])),r=[];for(let e=n.get(t);e!==void 0;e=n.get(e.parent_message_id))r.unshift(e);return r}function mn(e){return e.normalize(`NFKD`).replace(/[^\p{L}\p{N}]+/gu,`-`).replace(/^-+|-+$/g,``).slice(0,60).toLowerCase()||`conversation`}var hn=class{rest;listener;constructor(e,t){this.rest=e,this.listener=t}async take(e,t){try{let n=await ln(this.rest,e,t),r=document.createElement(`a`);r.href=URL.createObjectURL(new Blob([n.text],{type:n.type})),r.download=n.name,r.click(),setTimeout(()=>URL.revokeObjectURL(r.href),6e4),this.listener.done(`Exported as ${n.name}.`)}catch(e){this.listener.refused(O(e))}}choose(){let e=document.createElement(`input`);e.type=`file`,e.accept=`.json,application/json`,e.addEventListener(`change`,()=>{let t=e.files?.[0];t!==void 0&&this.#e(t)}),e.click()}async#e(e){try{let t=await un(this.rest,await e.text());this.listener.imported(t),this.listener.done(`Imported.`)}catch(e){this.listener.refused(O(e))}}},L=[`receipt`,`mind`,`memory`,`budget`,`level`],gn=[`system`,`light`,`dark`],_n=`soma.theme`,vn=`soma.drawer`,yn=1e4,bn=matchMedia(`(max-width: 899.98px)`),xn=class{railOpen=new F(!1);drawerOpen=new F(!1);tab=new F(`receipt`);paletteOpen=new F(!1);theme=new F(Sn(_n,gn,`system`));narrow=new F(bn.matches);said=new F(``);approvalSought=new Ot;#e=0;editing=new F(void 0);problem=new F(void 0);constructor(){bn.addEventListener(`change`,()=>{this.narrow.value=bn.matches});let e=Sn(vn,[...L,`closed`],`closed`);e!==`closed`&&!bn.matches&&(this.tab.value=e,this.drawerOpen.value=!0),this.#t()}openDrawer(e){this.tab.value=e,this.drawerOpen.value=!0,this.railOpen.value=!1,localStorage.setItem(vn,e)}closeDrawer(){this.drawerOpen.value=!1,localStorage.setItem(vn,`closed`)}toggleDrawer(e){this.drawerOpen.value&&this.tab.value===e?this.closeDrawer():this.openDrawer(e)}setTheme(e){this.theme.value=e,localStorage.setItem(_n,e),this.#t()}nextTheme(){let e=gn.indexOf(this.theme.value);this.setTheme(gn[(e+1)%gn.length]??`system`)}seekApproval(){this.#e=performance.now()+yn,this.approvalSought.beat()}takeApprovalWish(){let e=performance.now()<this.#e;return this.#e=0,e}tell(e){this.problem.value=e}announce(e){this.said.value=``,queueMicrotask(()=>{this.said.value=e})}#t(){document.documentElement.dataset.theme=this.theme.value}};function Sn(e,t,n){let r=localStorage.getItem(e);return t.find(e=>e===r)??n}var Cn=1e3,wn=6e4,Tn=1e4,En=`soma.level`,Dn=`asked`,On=class{rest;status=new F(void 0);problem=new F(void 0);#e=new BroadcastChannel(En);#t;#n=Cn;#r;#i;#a=!1;constructor(e){this.rest=e,document.addEventListener(`visibilitychange`,()=>this.look()),this.#e.addEventListener(`message`,e=>this.#d(e.data))}look(){document.hidden?(this.#i?.abort(),this.#i=void 0):this.#i===void 0?(this.#i=new AbortController,this.#o(this.#i.signal)):this.#a&&this.#t===void 0&&(this.#n=Cn,this.#s())}async#o(e){let t=async()=>{this.#a=!0,this.#n=Cn,this.#s(),await new Promise(t=>e.addEventListener(`abort`,t)),this.#a=!1,this.#p()};if(!(`locks`in navigator))await t();else{this.#e.postMessage(Dn);try{await navigator.locks.request(En,{signal:e},t)}catch(t){if(!e.aborted)throw t}}}#s(){clearTimeout(this.#r);let e=new EventSource(`/api/v1/level:watch`),t=performance.now();this.#t=e,e.addEventListener(`message`,e=>{this.#u(JSON.parse(String(e.data)).status)}),e.addEventListener(`error`,()=>{e===this.#t&&(this.#p(),this.#n=performance.now()-t>Tn?Cn:this.#n,this.#c())})}async#c(){let e=this.#n*(.75+Math.random()/2);this.#n=Math.min(2*this.#n,wn),this.#r=setTimeout(()=>this.#l(),e);try{this.#u((await this.rest.get(`/api/v1/level`)).status)}catch(e){this.problem.value=O(e)}}#l(){this.#a&&this.#t===void 0&&this.#s()}#u(e){this.#f(e),this.#e.postMessage(e)}#d(e){e===Dn?this.#a&&this.status.value!==void 0&&this.#e.postMessage(this.status.value):this.#f(e)}#f(e){this.status.value=e,this.problem.value=void 0}#p(){clearTimeout(this.#r),this.#t?.close(),this.#t=void 0}},R=`/api/v1/memories`,kn=30,An=20,jn=1500,Mn=`RESOURCE_NOT_FOUND`,Nn=class{rest;agentId;query=new F(``);filters=new F({kinds:[],conversation_id:``,min_importance:0,subject:``,held_on:``,include_retired:!1,source_id:``});found=new F(void 0);problem=new F(void 0);wanted=new F(void 0);report=new F(``);undo=new F(void 0);newest;stats=new F(void 0);#e;constructor(e,t){this.rest=e,this.agentId=t,this.newest=new I(e,R,`memories`)}async look(){let{kinds:e,conversation_id:t,subject:n,include_retired:r,source_id:i}=this.filters.value,a=Object.entries({conversation_id:t,subject:n,source_id:i}).filter(([,e])=>e!==``),o={kinds:e,...Object.fromEntries(a)},s=this.rest.get(`${R}:stats`).catch(()=>void 0);await this.newest.load({...o,include_retired:r,page_size:An}),this.stats.value=await s}async search(){this.#e?.abort();let e=this.query.value.trim();if(e===``){this.found.value=void 0,this.problem.value=void 0,await this.look();return}let t=new AbortController;this.#e=t;let n={query:e,top_k:kn,time_budget_milliseconds:jn,...this.#t()};try{let e=await this.rest.post(`${R}:recall`,n,t.signal);this.found.value=e,this.problem.value=void 0}catch(e){t.signal.aborted||(this.problem.value=O(e))}}#t(){let{kinds:e,conversation_id:t,min_importance:n,subject:r,held_on:i}=this.filters.value,a=i===``?{}:{as_of_valid_time:new Date(`${i}T23:59:59`).toISOString()};return{kinds:e,conversation_id:t,min_importance:n,subject:r,agent_id:this.agentId(),...a}}async from(e){this.query.value=``,this.wanted.value=void 0,this.filters.value={...this.filters.value,source_id:e},await this.search()}async show(e){this.report.value=``,this.undo.value=void 0,this.problem.value=void 0;try{let{memory:t}=await this.rest.get(`${R}/${encodeURIComponent(e)}`);this.wanted.value=t}catch(e){this.wanted.value=void 0,this.problem.value=O(e)}}async add(e,t){let n=await this.rest.post(R,{text:e,kind:t});this.wanted.value=n.memory,this.report.value=n.duplicate?`It was known already and counts for more now.`:`It is kept.`,await this.search()}lineage(e){return this.rest.get(`${R}/${encodeURIComponent(e)}/lineage`)}async change(e,t){let n=Object.fromEntries(Object.keys(t).map(t=>[t,e[t]])),r=await this.#n(e,t);this.report.value=`pinned`in t?Pn(r.pinned):`Changed. It is version ${r.version} now; the one before is kept.`,this.undo.value=async()=>{await this.#n(r,n),this.report.value=`It is as it was before.`,this.undo.value=void 0,await this.search()},await this.search()}async#n(e,t){let{memory_id:n,etag:r}=e,i={memory:{memory_id:n,etag:r,...t},update_mask:Object.keys(t).join(`,`)},a=await this.rest.patch(`${R}/${encodeURIComponent(n)}`,i);return this.#r(a.memory),a.memory}#r(e){this.wanted.value?.memory_id===e.memory_id&&(this.wanted.value=e)}async correct(e,t){let n=`${R}/${encodeURIComponent(e.memory_id)}:correct`,r=await this.rest.post(n,{text:t,etag:e.etag});this.wanted.value=r.memory,this.undo.value=void 0,this.report.value=`Corrected. The old one is kept as superseded and recall finds the new one.`,await this.search()}async forget(e){await this.rest.delete(`${R}/${encodeURIComponent(e.memory_id)}`);let t=await this.#i(e.memory_id);this.wanted.value=void 0,this.undo.value=void 0,await this.search();let n=(this.found.value?.hits??[]).some(t=>t.memory.memory_id===e.memory_id);this.report.value=t&&!n?`Forgotten. Reading it again finds nothing, and the search does not show it any more.`:`The mesh took the deletion, but the memory can still be read. Try again in a moment.`}async#i(e){try{return await this.rest.get(`${R}/${encodeURIComponent(e)}`),!1}catch(e){return e instanceof et&&e.code===Mn}}};function Pn(e){return e?`Pinned: no sweep takes it.`:`No longer pinned: a sweep may take it once it has faded.`}var Fn=`offline`,In=new Set([`BUDGET_SCOPE_USER`,`BUDGET_SCOPE_AGENT`,`BUDGET_SCOPE_CONVERSATION`]),Ln=class{rest;link=new F(`connecting`);level=new F(``);agents=new F([]);models=new F([]);usedModel=new F(``);budget=new F(void 0);userId=``;roles=new F([]);services=new F({});constructor(e){this.rest=e}get model(){return this.usedModel.value||(this.models.value.find(e=>e.tenant_default)?.model_profile_id??``)}get isAdmin(){return this.roles.value.includes(`admin`)}get isOperator(){return this.isAdmin||this.roles.value.includes(`operator`)}get withoutModel(){let{value:e}=this.models;return e.length>0&&e.every(e=>e.provider===Fn)}async refreshAgents(){let e=await this.rest.get(`/api/v1/chat/agents`,{page_size:200}).catch(()=>void 0);this.agents.value=e?.agents??this.agents.value}async refresh(){let[e,t,n]=await Promise.all([this.rest.get(`/api/v1/models`,{page_size:200}).catch(()=>void 0),this.rest.get(`/api/v1/budget`).catch(()=>void 0),this.rest.get(`/api/v1/health`).catch(()=>void 0)]);this.models.value=e?.models??this.models.value,this.services.value=n?.services??this.services.value;let r=t?.budgets.find(({period:e,scope:t})=>e===`BUDGET_PERIOD_DAY`&&!In.has(t));this.budget.value=t===void 0?this.budget.value:r}},Rn=60,zn=class{rest;state=new F(void 0);changes=new F([]);problem=new F(void 0);findings=new F(void 0);#e=``;#t=``;constructor(e){this.rest=e}get hasMore(){return this.#t!==``}async load(e){e!==this.#e&&(this.findings.value=void 0),this.#e=e;try{let[t,n]=await Promise.all([this.rest.get(`/neuromodulators`,{agent_id:e}),this.#n(``)]);this.#e===e&&(this.state.value={...t,effects:n.effects},this.changes.value=n.changes,this.#t=n.next_page_token,this.problem.value=void 0)}catch(e){this.problem.value=O(e)}}async loadMore(){let e=this.#e,t=await this.#n(this.#t).catch(()=>void 0);t!==void 0&&e===this.#e&&(this.#t=t.next_page_token,this.changes.value=[...this.changes.value,...t.changes])}async examine(){let e=this.#e;try{let t=await this.rest.get(`/api/v1/cognitive/diagnostics`,{agent_id:e});this.findings.value=t.findings}catch(e){this.problem.value=O(e)}}history(e){let t=this.changes.value.filter(t=>t.name===e).reverse(),n=t[0];return n===void 0?[]:[n.before,...t.map(e=>e.after)]}#n(e){let t={agent_id:this.#e,page_size:Rn,page_token:e};return this.rest.get(`/api/v1/cognitive/explain`,t)}},Bn=[300,700,1500,3e3],Vn=`/api/v1/receipts`,Hn=50,Un=class{rest;shown=new F(void 0);wanted=new F(``);problem=new F(void 0);others;compared=new F(void 0);prompt=new F(void 0);#e=new Map;constructor(e){this.rest=e,this.others=new I(e,Vn,`receipts`)}async show(e){this.wanted.value=e,this.problem.value=void 0,this.compared.value=void 0,this.prompt.value=void 0;for(let t of[0,...Bn]){if(await new Promise(e=>setTimeout(e,t)),this.wanted.value!==e)return;try{let t=await this.read(e);if(this.wanted.value===e&&this.#t(t),t.settle_time!==void 0)return}catch(t){this.wanted.value===e&&(this.problem.value=O(t),this.shown.value=void 0);return}}}async read(e){let t=this.#e.get(e);if(t!==void 0)return t;let{receipt:n}=await this.rest.get(`${Vn}/${encodeURIComponent(e)}`);return n.settle_time!==void 0&&this.#e.set(e,n),n}async renew(e){let t=this.#e.get(e);this.#e.delete(e),t!==void 0&&this.#e.delete(t.turn_id),this.shown.value?.receipt_id===e&&(this.shown.value=await this.read(e).catch(()=>this.shown.value))}beside(e){let{value:t=[]}=this.others.rows,n=t.findIndex(e=>e.receipt_id===this.shown.value?.receipt_id);return n<0?void 0:t[n+e]}async compare(e){let{value:t}=this.shown;if(t===void 0||e===``){this.compared.value=void 0;return}let n={with:e};this.compared.value=n;let r=await this.#n(e,t.receipt_id);this.compared.value===n&&(this.compared.value=r)}async rebuild(e){let{value:t}=this.shown;if(t===void 0||this.prompt.value?.leg===e){this.prompt.value=void 0;return}let n={leg:e};this.prompt.value=n;let r=await this.#r(t.turn_id,e);this.prompt.value===n&&(this.prompt.value=r)}#t(e){let t=this.shown.value,{value:n}=this.others.rows;this.shown.value=e;let r=t?.conversation_id!==e.conversation_id;r&&this.others.clear(),e.conversation_id!==``&&(r||!n?.some(t=>t.receipt_id===e.receipt_id))&&this.others.load({conversation_id:e.conversation_id,page_size:Hn})}async#n(e,t){try{let n=`${Vn}/${encodeURIComponent(e)}:diff`,{differences:r}=await this.rest.get(n,{other_receipt_id:t});return{with:e,differences:r}}catch(t){return{with:e,problem:O(t)}}}async#r(e,t){try{let n=`/api/v1/chat/turns/${encodeURIComponent(e)}/prompt`;return{leg:t,rebuilt:await this.rest.get(n,{leg:t})}}catch(e){return{leg:t,problem:O(e)}}}},Wn=`/api/v1/chat/messages:search`,Gn=20,Kn=2,qn=class{rest;found=new F(void 0);problem=new F(void 0);#e;#t=``;#n=``;constructor(e){this.rest=e}get hasMore(){return this.#n!==``}async look(e){this.#e?.abort(),this.#t=Jn(e),this.#n=``,this.#t.length<Kn?(this.found.value=void 0,this.problem.value=void 0):await this.#r([])}async more(){await this.#r(this.found.value??[])}async#r(e){let t=new AbortController;this.#e=t;let n={query:this.#t,page_size:Gn,page_token:this.#n};try{let r=await this.rest.get(Wn,n,t.signal);this.#n=r.next_page_token,this.found.value=[...e,...r.messages],this.problem.value=void 0}catch(e){t.signal.aborted||(this.found.value=[],this.problem.value=O(e))}}};function Jn(e){let t=e.trim();return/[\p{L}\p{N}]$/u.test(e)&&e.length<256?`${t}*`:t}var Yn=5,Xn=class{rest;status=new F(void 0);problem=new F(void 0);cycles;#e=``;#t=``;constructor(e){this.rest=e,this.cycles=new I(e,`/sleep/cycles`,`cycles`)}get cycleRuns(){return this.status.value?.current_cycle!==void 0}async load(e){this.#e=e;try{let{status:t}=await this.rest.get(`/sleep/status`,{agent_id:e});this.#e===e&&(this.status.value=t,this.problem.value=void 0,await this.#n(t))}catch(e){this.problem.value=O(e)}}async move(e,t=0){let n={agent_id:this.#e,target_state:e,ttl_seconds:t,wake:e===`active`},r=await this.rest.post(`/api/util/sleep`,n);this.status.value=r.status}async wake(e){this.#e=e,await this.move(`active`)}async runCycle(){await this.rest.post(`/sleep/run`,{agent_id:this.#e,async_mode:!0}),await this.load(this.#e)}async cancelCycle(e){await this.rest.post(`/sleep/cancel`,{cycle_id:e}),await this.load(this.#e)}async#n(e){let{current_cycle:t,last_nrem_time:n,last_rem_time:r}=e,i=[e.agent_id,t?.cycle_id,n,r].join(` `);i!==this.#t&&(this.#t=i,await this.cycles.load({agent_id:this.#e,page_size:Yn}))}},Zn=`/api/v1/chat/conversations`,Qn=500,$n=class{rest;constructor(e){this.rest=e}async beside(e,t,n){let r=await this.#e(e),i=r.byId.get(t)?.parent_message_id??``,a=(r.children.get(i)??[])[n-1];return a===void 0?void 0:{messageId:a.message_id,leafId:er(r,a)}}async leafOf(e,t,n){let r=await this.#e(e);for(let e=r.byId.get(n);e!==void 0;e=r.byId.get(e.parent_message_id))if(e.message_id===t)return n;let i=r.byId.get(t);return i===void 0?``:er(r,i)}async choose(e,t){let n={current_leaf_message_id:t};await this.rest.patch(`${Zn}/${encodeURIComponent(e)}`,{conversation:n})}async#e(e){let t=new Map,n=new Map;for(let r=``,i=!0;i;i=r!==``){let i={all_branches:!0,page_size:Qn,page_token:r},a=`${Zn}/${encodeURIComponent(e)}/messages`,o=await this.rest.get(a,i);for(let e of o.messages){t.set(e.message_id,e);let r=n.get(e.parent_message_id)??[];n.set(e.parent_message_id,[...r,e])}r=o.next_page_token}return{byId:t,children:n}}};function er(e,t){let n=t;for(let t=e.children.get(n.message_id)?.at(-1);t!==void 0;t=e.children.get(n.message_id)?.at(-1))n=t;return n.message_id}var tr=`soma.pending`,nr=1500;function rr(){let e=sessionStorage.getItem(tr);return e===null?[]:JSON.parse(e)}function ir(e){cr([...rr().filter(t=>sr(t)!==sr(e)),e])}function ar(e){setTimeout(()=>or(e),nr)}function or(e){cr(rr().filter(t=>sr(t)!==e))}function sr(e){return e.opening.payload.request_id}function cr(e){e.length===0?sessionStorage.removeItem(tr):sessionStorage.setItem(tr,JSON.stringify(e))}var lr=60,ur=500,dr=`/api/v1/chat/conversations`,fr=class{rest;thread;turns;opening=new F(!1);loadingOlder=new F(!1);problem=new F(void 0);sought=new F(void 0);#e;#t=``;#n=``;#r=0;constructor(e,t,n){this.rest=e,this.thread=t,this.turns=n,this.#e=new $n(e)}get hasOlder(){return this.#n!==``}fresh(){this.#u()}async open(e,t=``){this.#u();let n=this.#r;this.thread.conversationId.value=e,this.opening.value=!0;try{t!==``&&await this.#c(e,t);let[r,i]=await this.#d(e);n===this.#r&&this.#a(r,i)}catch(e){n===this.#r&&(this.problem.value=O(e))}finally{n===this.#r&&(this.opening.value=!1)}t!==``&&n===this.#r&&await this.#l(t)}async refresh(){let{value:e}=this.thread.conversationId;if(e===``||this.opening.value)return;let t=this.#r,{value:n}=this.thread.entries,{leafId:r}=this.thread,i=await this.#d(e).catch(()=>void 0);i!==void 0&&t===this.#r&&(n!==this.thread.entries.value||r!==this.thread.leafId?await this.refresh():this.#o(...i))}async heard(e){if(e.conversation_id!==this.thread.conversationId.value||this.opening.value)return;this.thread.conversation.value=e;let{running_turn_id:t,current_leaf_message_id:n}=e,r=t!==``&&!this.turns.follows(t)&&!this.turns.unsettled,i=t===``&&!this.turns.busy;(r||i&&n!==this.thread.leafId)&&await this.refresh()}async loadOlder(e=lr){if(this.#n===``||this.loadingOlder.value)return;let t=this.#r;this.problem.value=void 0,this.loadingOlder.value=!0;try{let n=await this.#f(this.thread.conversationId.value,{page_token:this.#n,page_size:e});t===this.#r&&(this.#n=n.next_page_token,this.thread.entries.value=[...pr(n,[]),...this.thread.entries.value])}catch(e){t===this.#r&&(this.problem.value=O(e))}finally{this.loadingOlder.value=!1}}async turnTo(e,t){let{value:n}=this.thread.conversationId,r=this.#r,i=await this.#e.beside(n,e.messageId,t);i!==void 0&&r===this.#r&&(this.#t=i.messageId,await this.#e.choose(n,i.leafId),await this.refresh())}takeTurned(e){let t=e.messageId!==``&&e.messageId===this.#t;return t&&(this.#t=``),t}async straighten(e,t){let n=this.#r,{value:r}=this.thread.conversationId,i=await this.#f(r,{leaf_message_id:t}).catch(()=>void 0);i!==void 0&&n===this.#r&&e.running&&(this.#n=i.next_page_token,this.thread.entries.value=[...pr(i,this.thread.entries.value),e])}async takeUp(){let e=rr(),{conversationId:t}=e[0]??{};if(t===void 0)return!1;t!==``&&await this.open(t);for(let n of e.filter(e=>e.conversationId===t))n.queued&&n.opening.type===`chat.send`?this.turns.enqueue({text:n.text,opening:n.opening,frameId:``}):this.turns.running.value!==void 0||this.#i(n.text)?or(n.opening.payload.request_id):this.turns.open(n.opening,n.text);return!0}#i(e){return this.thread.entries.value.findLast(e=>e.role===`user`)?.text===e}#a(e,t){this.thread.conversation.value=e,this.thread.agentId=e.agent_id,this.#n=t.next_page_token,this.thread.entries.value=pr(t,this.thread.entries.value),this.#s(e.running_turn_id)}#o(e,t){let n=this.thread.last?.problem!==void 0;this.turns.running.value!==void 0||n?(this.thread.conversation.value=e,this.#s(e.running_turn_id)):t.messages.at(-1)?.message_id===this.thread.leafId?(pr(t,this.thread.entries.value),this.thread.conversation.value=e,this.#s(e.running_turn_id)):this.#a(e,t)}#s(e){e!==``&&!this.turns.follows(e)&&!this.turns.unsettled&&this.turns.follow(e)}async#c(e,t){let n=`${dr}/${encodeURIComponent(e)}`,{conversation:r}=await this.rest.get(n),i=r.current_leaf_message_id,a=await this.#e.leafOf(e,t,i);a!==``&&a!==i&&await this.#e.choose(e,a)}async#l(e){let t=()=>this.thread.entries.value.find(t=>t.messageId===e),n=this.#r;for(;t()===void 0&&this.hasOlder&&n===this.#r&&this.problem.value===void 0;)await this.loadOlder(ur);n===this.#r&&(this.sought.value=t())}#u(){this.#r+=1,this.turns.leave(),this.#n=``,this.#t=``,this.problem.value=void 0,this.opening.value=!1,this.sought.value=void 0,this.thread.clear()}async#d(e){let[t,n]=await Promise.all([this.rest.get(`${dr}/${encodeURIComponent(e)}`),this.#f(e,{})]);return[t.conversation,n]}async#f(e,t){let n={page_size:lr,from_end:!0,...t},r=performance.now();return{...await this.rest.get(`${dr}/${encodeURIComponent(e)}/messages`,n),asked:r}}};function pr(e,t){let n=new Map(t.filter(e=>e.messageId!==``).map(e=>[e.messageId,e]));return e.messages.filter(e=>e.role===`ROLE_USER`||e.role===`ROLE_ASSISTANT`).map(t=>{let r=n.get(t.message_id);return r===void 0?nn(t):(rn(r,t,e.asked),r)})}var mr=class{conversation=new F(void 0);conversationId=new F(``);entries=new F([]);agentId=``;get last(){return this.entries.value.at(-1)}get leafId(){return this.entries.value.findLast(e=>e.messageId!==``)?.messageId??``}get asking(){return this.entries.value.some(e=>e.asking!==void 0)}push(...e){this.entries.value=[...this.entries.value,...e]}replaceFrom(e,...t){let n=this.entries.value.indexOf(e);this.entries.value=[...this.entries.value.slice(0,n<0?void 0:n),...t]}questionOf(e){let{value:t}=this.entries;return t.slice(0,t.indexOf(e)).findLast(e=>e.role===`user`)}clear(){this.conversation.value=void 0,this.conversationId.value=``,this.entries.value=[]}},hr=[`provider_switched`,`turn_taken_over`],gr=`queued`,_r=`agent_resting`;function vr(e,t){let n=yr(e,t);return e.changed.beat(),n}function yr(e,t){switch(t.type){case`chat.started`:return e.turnId=t.payload.turn_id,e.receiptId=t.payload.receipt_id,e.level=t.payload.level,e.model=t.payload.model,e.resting=t.payload.level_reasons.some(e=>e.source===`sleep`),e.notices.push(...t.payload.level_reasons.map(e=>({text:e.sentence,level:e.level}))),``;case`chat.delta`:return e.firstTokenMs||=performance.now()-e.begun,e.state=`writing`,e.text+=t.payload.delta,``;case`chat.reasoning`:return e.reasoning+=t.payload.delta,``;case`chat.tool`:return e.tools=t.payload.phase===`finished`?Jt(e.tools,t.payload,e.text.length):qt(e.tools,t.payload,e.text.length),``;case`chat.approval`:return t.payload.phase===`requested`?(e.tools=Yt(e.tools,t.payload,e.text.length),`The tool ${t.payload.name} waits for your consent.`):(e.tools=Xt(e.tools,t.payload),``);case`chat.notice`:return br(e,t.payload);case`chat.done`:return Sr(e,t.payload),e.text=t.payload.content||e.text,e.state=`done`,`The answer is complete.`;case`chat.failed`:return Sr(e,t.payload),e.state=`failed`,e.problem=sn(t.payload,t.payload.turn_id),t.payload.message;case`chat.cancelled`:return Sr(e,t.payload),e.state=`stopped`,`Stopped.`;case`error`:return e.state=`failed`,e.problem=sn(t.payload,e.turnId),t.payload.message}}function br(e,t){return e.resting||=t.code===_r,hr.includes(t.code)?(e.seams.push({at:e.text.length,sentence:xr(t,e.text===``),detail:t.sentence}),e.model=t.metadata.to_model??e.model):t.code!==gr&&!e.notices.some(e=>e.text===t.sentence)&&e.notices.push({text:t.sentence,level:``}),``}function xr(e,t){let{from_model:n,to_model:r}=e.metadata;return e.code!==`provider_switched`||r===void 0?`From here on another process of the mesh goes on`:n===r?`${r} broke off here and went on`:`${t?`Answered`:`From here on answered`} by ${r}`}function Sr(e,t){e.messageId=t.message_id,e.tools=Zt(e.tools),e.receiptId=t.receipt_id||e.receiptId,e.usage=t.usage,e.costMicros=t.cost.micros}var Cr=`/api/v1/chat/turns`,wr=10,Tr=500,Er=class{thread;connection;rest;listener;running=new F(void 0);queue=new F([]);modelId=new F(``);#e=new Map;constructor(e,t,n,r){this.thread=e,this.connection=t,this.rest=n,this.listener=r}get busy(){return this.running.value!==void 0||this.queue.value.length>0}get unsettled(){return[...this.#e.keys(),...this.queue.value.map(e=>e.frameId)].some(e=>this.connection.turnOf(e)===``)}say(e,t=`enqueue`){if(e.trim()===``)return;let n={content:e,...this.#t()},r={type:`chat.send`,payload:n};this.busy?(n.while_busy=t,this.enqueue({text:e,opening:r,frameId:``})):(this.#n(n),this.open(r,e))}open(e,t){let n=tn(),r=e.type===`chat.send`?en(t):void 0;this.thread.push(...r===void 0?[]:[r],n),this.#r(e,r,n)}edit(e,t){let n=en(t);n.siblings={number:e.siblings.count+1,count:e.siblings.count+1};let r=tn();this.thread.replaceFrom(e,n,r);let i={message_id:e.messageId,content:t,...this.#t()};this.#r({type:`chat.edit`,payload:i},n,r)}regenerate(e,t=!1){let n=this.thread.questionOf(e),r=e.messageId||(n?.messageId??``),i=tn();e.messageId!==``&&(i.siblings={number:e.siblings.count+1,count:e.siblings.count+1}),this.thread.replaceFrom(e,i);let a={message_id:r,...this.#t(),...t?{options:{wake:t}}:{}};this.#r({type:`chat.regenerate`,payload:a},n,i)}follow(e){let t=tn();this.thread.push(t),this.#a({frameId:this.connection.follow(e),answer:t,question:void 0,opening:void 0})}follows(e){return[...this.#e.values()].some(t=>t.answer.turnId===e||this.connection.turnOf(t.frameId)===e)}stop(){for(let e of this.#e.keys())this.connection.stop(e)}enqueue(e){this.queue.value=[...this.queue.value,e],this.#i(e.opening,e.text,!0),this.#o(e)}async takeBack(e){if(this.#l(e),e.frameId===``)return;this.connection.leave(e.frameId);let t={conversation_id:this.thread.conversationId.value,page_size:200};for(let n=0;n<wr;n+=1){let{turns:n}=await this.rest.get(Cr,t),r=n.find(t=>t.request_id===e.opening.payload.request_id);if(r!==void 0){await this.rest.post(`${Cr}/${encodeURIComponent(r.turn_id)}:cancel`,{});return}await new Promise(e=>setTimeout(e,Tr))}}hear(e,t){let n=this.queue.value.find(t=>t.frameId===e);n!==void 0&&this.#s(n,t);let r=this.#e.get(e);if(r===void 0)return;if(t.type===`chat.started`){this.#u(r,t);return}let i=vr(r.answer,t);r.answer.running?i!==``&&this.listener.said(r.answer,i):this.#d(r,i)}leave(){for(let e of[...this.#e.keys(),...this.queue.value.map(e=>e.frameId)])this.connection.leave(e);this.#e.clear(),this.running.value=void 0,this.queue.value=[]}#t(){let{value:e}=this.modelId;return{request_id:crypto.randomUUID(),...e===``?{}:{model_profile_id:e}}}#n(e){this.thread.conversationId.value===``?this.thread.agentId!==``&&(e.agent_id=this.thread.agentId):e.conversation_id=this.thread.conversationId.value}#r(e,t,n){this.#i(e,t?.text??``,!1),this.#a({frameId:this.connection.begin(e),answer:n,question:t,opening:e})}#i(e,t,n){ir({opening:e,text:t,queued:n,conversationId:this.thread.conversationId.value})}#a(e){this.#e.set(e.frameId,e),this.running.value=e.answer}#o(e){this.thread.conversationId.value!==``&&(this.#n(e.opening.payload),this.#i(e.opening,e.text,!0),e.frameId=this.connection.begin(e.opening))}#s(e,t){if(t.type!==`chat.started`&&t.type!==`error`&&t.type!==`chat.failed`&&t.type!==`chat.cancelled`)return;if(this.#l(e),t.type===`chat.cancelled`||t.type===`chat.started`&&this.#c(t.payload)){this.connection.leave(e.frameId);return}let[n,r]=[en(e.text),tn()];this.thread.push(n,r),this.#a({frameId:e.frameId,answer:r,question:n,opening:e.opening})}#c(e){return this.thread.entries.value.some(t=>t.messageId===e.assistant_message_id&&!t.running)}#l(e){or(e.opening.payload.request_id),this.queue.value=this.queue.value.filter(t=>t!==e)}#u(e,t){let n=t.payload,{answer:r,question:i,opening:a}=e,o=this.thread.conversationId.value===``;this.thread.conversationId.value=n.conversation_id,this.thread.agentId=n.agent_id,a!==void 0&&(this.#i(a,i?.text??``,!1),ar(a.payload.request_id)),i!==void 0&&i.messageId===``&&(i.messageId=n.user_message_id,i.changed.beat()),vr(r,t),this.listener.begun(r,n,o),this.thread.questionOf(r)?.messageId!==n.user_message_id&&this.listener.strayed(r,n);for(let e of this.queue.value.filter(e=>e.frameId===``))this.#o(e)}#d(e,t){let{answer:n,question:r,opening:i}=e;this.#e.delete(e.frameId),this.running.value=[...this.#e.values()].at(-1)?.answer,i!==void 0&&(or(i.payload.request_id),n.retry=()=>this.#f(i,r,n),n.changed.beat()),this.listener.ended(n,t,i!==void 0&&i.type!==`chat.send`)}#f(e,t,n){if(n.messageId!==``||t!==void 0&&t.messageId!==``){this.regenerate(n);return}let r=tn();this.thread.replaceFrom(n,r);let i={...e,payload:{...e.payload,request_id:crypto.randomUUID()}};this.#r(i,t,r)}},Dr=class{told;#e;#t=``;constructor(e){this.told=e,document.addEventListener(`visibilitychange`,()=>this.look())}turnTo(e){e!==this.#t&&(this.#t=e,this.#n(),this.look())}look(){if(document.hidden||this.#t===``)this.#n();else if(this.#e===void 0||this.#e.readyState===EventSource.CLOSED){let e=new EventSource(`/api/v1/chat/conversations/${encodeURIComponent(this.#t)}:watch`);e.addEventListener(`message`,e=>{this.told(JSON.parse(String(e.data)).conversation)}),this.#e=e}}#n(){this.#e?.close(),this.#e=void 0}},Or=class{rest=new it;layout=new xn;mesh=new Ln(this.rest);chats=new Bt(this.rest);search=new qn(this.rest);approvals=new Pt(this.rest);files=new hn(this.rest,{imported:e=>this.#a(e),done:e=>this.layout.announce(e),refused:e=>this.layout.tell(e)});receipts=new Un(this.rest);budgets=new Lt(this.rest);level=new On(this.rest);configuration=new Ut(this.rest);mind=new zn(this.rest);sleep=new Xn(this.rest);adaptation=new At(this.rest);thread=new mr;memories=new Nn(this.rest,()=>this.thread.agentId);turns;talk;#e;#t=new Dr(e=>this.#l(e));#n=new BroadcastChannel(`soma`);#r=!1;constructor(){this.#e=new Qe({connected:e=>{this.mesh.agents.value=e.agents,this.mesh.userId=e.user_id,this.mesh.roles.value=e.roles??[],this.#d()},link:e=>this.#u(e),frame:(e,t)=>this.turns.hear(e,t),title:e=>this.chats.titled(e.conversation_id,e.title)},this.rest),this.turns=new Er(this.thread,this.#e,this.rest,{begun:(e,t,n)=>void this.#i(e,t,n),said:(e,t)=>this.#o(t),ended:(e,t,n)=>this.#s(e,t,n),strayed:(e,t)=>void this.talk.straighten(e,t.user_message_id)}),this.talk=new fr(this.rest,this.thread,this.turns),this.#n.addEventListener(`message`,()=>this.#f()),document.addEventListener(`visibilitychange`,()=>{document.hidden||this.#f()}),addEventListener(`hashchange`,()=>this.#p()),this.thread.conversationId.watch(()=>this.#t.turnTo(this.thread.conversationId.value))}start(){this.talk.takeUp().then(e=>{e||this.#p()}),this.#e.open()}newChat(){this.layout.railOpen.value=!1,history.pushState(null,``,location.pathname),this.talk.fresh()}openChat(e,t=``){this.layout.railOpen.value=!1,t===``?location.hash=e:(history.pushState(null,``,`#${e}`),this.talk.open(e,t))}get asksIn(){return this.thread.asking?this.thread.conversationId.value:this.approvals.waiting.value[0]?.conversation_id}openApproval(e){this.layout.seekApproval(),e!==this.thread.conversationId.value&&this.openChat(e),this.layout.railOpen.value=!1}async deleteChat(e){await this.chats.delete(e),e===this.thread.conversationId.value&&this.newChat(),this.#n.postMessage(`deleted`)}showReceipt(e){this.layout.openDrawer(`receipt`),this.receipts.show(e)}showMemory(e){this.layout.openDrawer(`memory`),this.memories.show(e)}async loadBudgets(){let{agentId:e,conversationId:t}=this.thread;await this.budgets.load(e,t.value,this.mesh.isOperator)}async loadMind(){let{agentId:e}=this.thread;await Promise.all([this.mind.load(e),this.sleep.load(e),this.adaptation.load(e)])}async#i(e,t,n){this.mesh.level.value=e.level,this.mesh.usedModel.value=e.model,this.layout.announce(`The answer begins.`),n&&(history.replaceState(null,``,`#${t.conversation_id}`),this.chats.callFirst(t.conversation_id,Et(this.thread.questionOf(e)?.text??``))),this.#n.postMessage(`begun`),await this.chats.refresh()}#a(e){this.openChat(e),this.#n.postMessage(`imported`),this.chats.refresh()}#o(e){this.layout.announce(e),this.approvals.refresh()}#s(e,t,n){this.layout.announce(t),this.#n.postMessage(`ended`),this.chats.refresh(),this.mesh.refresh(),e.tools.some(e=>e.consent!==void 0)&&this.approvals.refresh(),this.#c(e),e.problem?.code===`CURSOR_TOO_OLD`?this.talk.open(this.thread.conversationId.value):n&&this.talk.refresh()}#c(e){let{drawerOpen:t,tab:n}=this.layout;t.value&&(n.value===`receipt`&&e.receiptId!==``?this.receipts.show(e.receiptId):n.value===`mind`?this.loadMind():n.value===`budget`&&this.loadBudgets())}#l(e){this.chats.titled(e.conversation_id,e.title),this.talk.heard(e)}#u(e){this.#r||=e===`lost`,this.mesh.link.value=e}async#d(){this.#r&&(this.#r=!1,this.layout.announce(`Connected again.`)),this.#t.look(),this.level.look();let{chats:e,mesh:t,approvals:n,talk:r}=this;await Promise.all([e.refresh(),t.refresh(),t.refreshAgents(),n.refresh(),r.refresh()])}#f(){this.chats.refresh(),this.approvals.refresh(),this.talk.refresh()}#p(){let e=location.hash.slice(1);e.startsWith(`memory=`)?(this.layout.openDrawer(`memory`),this.memories.show(e.slice(7))):e===``?this.talk.fresh():e!==this.thread.conversationId.value&&this.talk.open(e)}},z=class extends C{static properties={store:{attribute:!1}};#e=[];watched(){return[]}connectedCallback(){super.connectedCallback(),this.#e=this.watched().map(e=>e.watch(()=>this.requestUpdate()))}disconnectedCallback(){super.disconnectedCallback();for(let e of this.#e)e();this.#e=[]}},kr=class extends C{static properties={question:{attribute:!1}};answer=()=>void 0;static styles=[T,E,o`
      dialog {
        width: min(440px, calc(100vw - 32px));
        padding: var(--s5);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--raised);
        color: var(--ink);
      }
      dialog::backdrop {
        background: var(--veil);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      p {
        margin: var(--s2) 0 var(--s5);
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      .row {
        display: flex;
        justify-content: flex-end;
        gap: var(--s2);
      }
    `];render(){return y`<dialog aria-labelledby="title" aria-describedby="text" @keydown=${Ar} @close=${e=>this.#e(e)}>
      <h2 id="title">${this.question.title}</h2>
      <p id="text">${this.question.text}</p>
      <form class="row" method="dialog">
        <button type="submit" value="">${this.question.refrain??`Keep it`}</button>
        <button class="danger" type="submit" value="sure">${this.question.act}</button>
      </form>
    </dialog>`}firstUpdated(){this.renderRoot.querySelector(`dialog`)?.showModal()}#e(e){this.answer(e.target.returnValue===`sure`)}};customElements.define(`soma-confirm`,kr);function Ar(e){e.key===`Escape`&&e.stopPropagation()}async function jr(e){let t=new kr;t.question=e;let n=new Promise(e=>{t.answer=e});document.body.append(t);let r=await n;return t.remove(),r}var Mr=class extends z{static properties={chat:{attribute:!1},shown:{type:Boolean,reflect:!0},naming:{state:!0}};static shadowRootOptions={...C.shadowRootOptions,delegatesFocus:!0};static styles=[T,E,o`
      :host {
        position: relative;
        display: flex;
        border-radius: var(--corner);
      }
      :host(:hover),
      :host(:focus-within) {
        background: var(--pressed);
      }
      :host([shown]) {
        background: var(--accent-soft);
      }
      .open {
        flex: 1;
        display: block;
        min-width: 0;
        padding: 0 var(--s2);
        border: 0;
        background: none !important;
        text-align: left;
        font-size: var(--size-small);
      }
      :host([shown]) .open {
        font-weight: 600;
      }
      .acts {
        display: flex;
        width: 0;
        overflow: hidden;
      }
      :host(:hover) .acts,
      :host(:focus-within) .acts {
        width: auto;
        overflow: visible;
      }
      @media (hover: none) {
        :host([shown]) .acts {
          width: auto;
        }
      }
      input {
        width: 100%;
        font-size: var(--size-small);
      }
    `];constructor(){super(),this.naming=!1}render(){let{chat:e}=this,t=this.store.chats.nameOf(e)||`Untitled, ${Ct(new Date(e.create_time))}`;return this.naming?y`<input
        aria-label="New name"
        maxlength="200"
        .value=${e.title}
        @keydown=${e=>this.#t(e)}
        @blur=${()=>this.naming=!1}
      />`:y`<button
        class="open cut"
        type="button"
        title=${t}
        aria-current=${this.shown?`page`:S}
        @click=${()=>this.store.openChat(e.conversation_id)}
      >
        ${t}
      </button>
      <span class="acts">
        <button class="plain icon" type="button" aria-label=${`Rename “${t}”`} title="Rename" @click=${()=>void this.#e()}>
          ${w(`pen`)}
        </button>
        <button class="plain icon" type="button" aria-label=${`Delete “${t}”`} title="Delete" @click=${()=>void this.#n(t)}>
          ${w(`bin`)}
        </button>
      </span>`}async#e(){this.naming=!0,await this.updateComplete;let e=this.renderRoot.querySelector(`input`);e?.focus(),e?.select()}#t(e){if(e.key===`Escape`)e.preventDefault(),this.naming=!1;else if(e.key===`Enter`){let t=e.target.value.trim();this.naming=!1,this.#r(this.store.chats.rename(this.chat.conversation_id,t),`Renamed.`)}}async#n(e){await jr({title:`Delete “${e}”?`,text:`The conversation and its ${A(this.chat.message_count,`message`)} are deleted for good. What was learned from it is forgotten; receipts stay, they hold no text.`,act:`Delete`})&&await this.#r(this.store.deleteChat(this.chat.conversation_id),`Deleted.`)}async#r(e,t){try{await e,this.store.layout.announce(t)}catch(e){this.store.layout.tell(O(e))}}};customElements.define(`soma-chat-row`,Mr);var Nr=class extends z{static styles=[T,E,D,o`
      :host {
        display: block;
      }
      h2 {
        padding: var(--s4) var(--s2) var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 500;
      }
      .hit {
        display: block;
        width: 100%;
        padding: var(--s2);
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
      .hit .head {
        display: flex;
        gap: var(--s2);
        font-size: var(--size-tiny);
      }
      .hit .head .cut {
        flex: 1;
      }
      .snippet {
        display: -webkit-box;
        overflow: hidden;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
        overflow-wrap: anywhere;
        line-height: 1.4;
      }
      mark {
        border-radius: 2px;
        background: var(--accent-soft);
        color: var(--accent);
        font-weight: 600;
      }
      .empty {
        padding: 0 var(--s2);
      }
      .more {
        width: 100%;
      }
    `];watched(){return[this.store.search.found,this.store.search.problem]}render(){let{found:e,problem:t,hasMore:n}=this.store.search;if(t.value!==void 0)return y`<h2>In messages</h2><p class="problem" role="alert">${t.value.message}</p>`;if(e.value===void 0)return S;let r=`${A(e.value.length,`place`)}${n?` and more`:``}`;return y`<h2>In messages${e.value.length===0?``:` · ${r}`}</h2>
      <p class="unseen" role="status">Found in messages: ${r}</p>
      ${e.value.length===0?y`<p class="quiet small empty">No message has all of these words.</p>`:S}
      <ul>${e.value.map(e=>y`<li>${this.#e(e)}</li>`)}</ul>
      ${n?y`<button class="plain more" type="button" @click=${()=>void this.store.search.more()}>Show more</button>`:S}`}#e(e){return y`<button class="hit" type="button" @click=${()=>this.store.openChat(e.conversation_id,e.message_id)}>
      <span class="head quiet">
        <span class="cut">${e.conversation_title||`Untitled chat`}</span>
        <span>${e.role===`ROLE_USER`?`You`:`Answer`} · ${wt(e.create_time)}</span>
      </span>
      <span class="snippet">${Pr(e)}</span>
    </button>`}};function Pr({snippet:e,spans:t}){let n=[...e],r=(e,t)=>n.slice(e,t).join(``),i=0;return y`${t.map(({start:e,end:t})=>{let n=r(i,e);return i=t,y`${n}<mark>${r(e,t)}</mark>`})}${r(i)}`}customElements.define(`soma-found`,Nr);var Fr=200,Ir=class extends z{static styles=[T,E,D,o`
      :host {
        display: flex;
        flex-direction: column;
        min-height: 0;
        background: var(--sunken);
      }
      .brand {
        display: flex;
        align-items: center;
        gap: var(--s2);
        min-height: var(--bar);
        padding: 0 var(--s2) 0 var(--s4);
        font-weight: 650;
      }
      .brand img {
        width: 20px;
        height: 20px;
      }
      .brand span {
        flex: 1;
      }
      .top {
        display: grid;
        gap: var(--s2);
        padding: 0 var(--s3) var(--s2);
      }
      .new {
        justify-content: flex-start;
      }
      .new kbd {
        margin-left: auto;
      }
      .list {
        flex: 1;
        min-height: 0;
        padding: 0 var(--s2) var(--s4);
        overflow-y: auto;
      }
      h2 {
        padding: var(--s4) var(--s2) var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 500;
      }
      .empty {
        padding: var(--s3) var(--s2);
      }
      .waits {
        display: flex;
        gap: var(--s2);
        width: 100%;
        min-height: 32px;
        padding: 0 var(--s2);
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
      .waits svg {
        flex: none;
        color: var(--warn);
      }
      .waits .cut {
        flex: 1;
      }
      .more {
        width: 100%;
        margin-top: var(--s2);
      }
    `];#e;watched(){let{chats:e,thread:t,layout:n,approvals:r}=this.store;return[e.list,e.problem,e.filter,t.conversationId,n.narrow,r.waiting]}render(){let{store:e}=this;return y`
      <div class="brand">
        <img src="/static/icon.svg" alt="" /><span>SomaStack</span>
        ${e.layout.narrow.value?y`<button class="plain icon" type="button" aria-label="Close" @click=${()=>e.layout.railOpen.value=!1}>
              ${w(`close`)}
            </button>`:S}
      </div>
      <div class="top">
        <button class="new" type="button" @click=${()=>e.newChat()}>${w(`plus`)} New chat <kbd>Alt N</kbd></button>
        <div class="filter" role="search">
          ${w(`search`)}
          <input
            type="search"
            aria-label="Search conversations"
            placeholder="Search"
            maxlength="200"
            .value=${e.chats.filter.value}
            @input=${e=>this.#a(e.target.value)}
            @keydown=${e=>this.#o(e)}
          />
        </div>
      </div>
      <div class="list" @keydown=${e=>this.#o(e)}>
        ${this.#t()} ${this.#r()} <soma-found .store=${e}></soma-found>
      </div>
    `}#t(){let{value:e}=this.store.approvals.waiting;return e.length===0?S:y`<h2>Waits for you · ${e.length}</h2>
      <ul>
        ${e.map(e=>y`<li>${this.#n(e)}</li>`)}
      </ul>`}#n({request:e,conversation_id:t,conversation_title:n}){let r=`${e.call.name} in “${n||`Untitled chat`}”`;return y`<button class="waits" type="button" title=${r} @click=${()=>this.store.openApproval(t)}>
      ${w(`wait`)}<span class="cut">${r}</span>
    </button>`}#r(){let{list:e,problem:t,filter:n}=this.store.chats;return t.value===void 0?e.value===void 0?S:e.value.length===0?y`<p class="quiet small empty">${n.value.trim()===``?`Your conversations will stand here.`:`No title contains this.`}</p>`:y`${[...Map.groupBy(e.value,e=>wt(e.update_time))].map(([e,t])=>this.#i(e,t))}
    ${this.store.chats.hasMore?y`<button class="plain more" type="button" @click=${()=>void this.store.chats.loadMore()}>Show older</button>`:S}`:y`<p class="problem">${t.value.message}</p>`}#i(e,t){let n=this.store.thread.conversationId.value;return y`<h2>${e}</h2>
      <ul>
        ${t.map(e=>y`<li>
            <soma-chat-row .store=${this.store} .chat=${e} .shown=${e.conversation_id===n}></soma-chat-row>
          </li>`)}
      </ul>`}#a(e){clearTimeout(this.#e),this.#e=setTimeout(()=>{this.store.chats.narrow(e),this.store.search.look(e)},Fr)}#o(e){let t=e.key===`ArrowDown`?1:e.key===`ArrowUp`?-1:0,n=this.renderRoot.querySelector(`input`),r=e.composedPath()[0];if(!(n===null||r instanceof HTMLInputElement&&r!==n)){if(e.key===`Escape`&&n.value!==``)e.preventDefault(),n.value=``,this.#a(``),n.focus();else if(t!==0){e.preventDefault();let r=[n,...this.#s()],i=r.findIndex(e=>e.matches(`:focus, :focus-within`));r[Math.min(r.length-1,Math.max(0,i+t))]?.focus()}}}#s(){let e=this.renderRoot.querySelector(`soma-found`)?.shadowRoot?.querySelectorAll(`button`)??[];return[...this.renderRoot.querySelectorAll(`.waits, soma-chat-row, .list > .more`),...e]}};customElements.define(`soma-rail`,Ir);function Lr(){return/mac|iphone|ipad/i.test(navigator.userAgent)}var Rr={L0:`Everything works and is used.`,L1:`History has a smaller share, and fewer tools are on offer.`,L2:`There is room for little history and for one tool.`,L3:`Answers go without history and without tools.`,L4:`No model is called: the agent gives its prepared answer.`};function zr(e){return Rr[N(e)]??``}function Br({level:e,reasons:t}){let n=N(e);return n===`L0`||Rr[n]===void 0?t.length===0?``:A(t.length,`notice`):`Level ${n}`}var Vr=class extends z{static styles=[T,E,o`
      button {
        min-height: 24px;
        padding: 0 var(--s2);
        border-color: var(--hairline);
        border-radius: 12px;
        background: none;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      button.lower {
        border-color: var(--warn);
        background: var(--warn-soft);
        color: var(--warn);
      }
    `];#e=``;watched(){return[this.store.level.status,this.store.layout.drawerOpen,this.store.layout.tab]}willUpdate(){let{value:e}=this.store.level.status,t=N(e?.level??``);this.#e!==``&&t!==``&&t!==this.#e&&this.store.layout.announce(`The level is ${t} now. ${zr(t)}`),this.#e=t||this.#e}render(){let{level:e,layout:t}=this.store,{value:n}=e.status,r=n===void 0?``:Br(n);if(n===void 0||r===``)return S;let i=n.reasons[0]?.sentence??zr(n.level),a=t.drawerOpen.value&&t.tab.value===`level`;return y`<button
      class=${N(n.level)===`L0`?``:`lower`}
      type="button"
      title=${i}
      aria-label=${`${r}: ${i}`}
      aria-expanded=${a}
      @click=${()=>t.toggleDrawer(`level`)}
    >
      ${r}
    </button>`}};customElements.define(`soma-level-sign`,Vr);var Hr=class extends z{static properties={open:{state:!0}};static styles=[T,E,o`
      :host {
        position: relative;
      }
      [role="menu"] {
        position: absolute;
        z-index: 4;
        top: 36px;
        right: 0;
        min-width: 208px;
        padding: var(--s1);
        border: 1px solid var(--outline);
        border-radius: var(--corner);
        background: var(--raised);
      }
      [role="menuitem"] {
        justify-content: flex-start;
        width: 100%;
        border: 0;
        background: none;
        text-align: left;
        font-size: var(--size-small);
      }
    `];constructor(){super(),this.open=!1}watched(){return[this.store.thread.conversationId]}render(){return y`<button
        class="plain icon"
        type="button"
        aria-label="Conversation menu"
        title="Export and import"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        @click=${()=>this.open=!this.open}
        @keydown=${e=>this.#i(e)}
      >
        ${w(`more`)}
      </button>
      <div
        role="menu"
        aria-label="Conversation"
        ?hidden=${!this.open}
        @keydown=${e=>this.#a(e)}
        @focusout=${e=>this.#o(e)}
      >
        ${this.#e().map(e=>y`<button role="menuitem" type="button" tabindex="-1" ?disabled=${e.needsChat&&this.store.thread.conversationId.value===``} @click=${()=>this.#n(e)}>
            ${e.name}
          </button>`)}
      </div>`}updated(e){e.has(`open`)&&this.open&&this.#t()[0]?.focus()}#e(){let{store:e}=this;return[{name:`Export as JSON`,needsChat:!0,act:()=>void e.files.take(e.thread.conversationId.value,`json`)},{name:`Export as Markdown`,needsChat:!0,act:()=>void e.files.take(e.thread.conversationId.value,`markdown`)},{name:`Import a conversation`,needsChat:!1,act:()=>e.files.choose()}]}#t(){return[...this.renderRoot.querySelectorAll(`[role="menuitem"]:not(:disabled)`)]}#n(e){this.#r(),e.act()}#r(){this.open=!1,this.renderRoot.querySelector(`[aria-haspopup]`)?.focus()}#i(e){e.key===`ArrowDown`&&(e.preventDefault(),this.open=!0)}#a(e){let t=this.#t(),n=t.findIndex(e=>e.matches(`:focus`)),r={ArrowDown:n+1,ArrowUp:n-1,Home:0,End:t.length-1}[e.key];r===void 0?e.key===`Escape`&&(e.preventDefault(),this.#r()):(e.preventDefault(),t[(r+t.length)%t.length]?.focus())}#o(e){e.relatedTarget instanceof Node&&this.renderRoot.contains(e.relatedTarget)||(this.open=!1)}};customElements.define(`soma-menu`,Hr);var Ur=[{tab:`receipt`,name:`Receipt`,sign:`receipt`},{tab:`mind`,name:`Mind`,sign:`mind`},{tab:`memory`,name:`Memory`,sign:`memory`}],Wr=class extends z{static styles=[T,E,o`
      :host {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 var(--s3) 0 var(--s5);
        border-bottom: 1px solid var(--hairline);
      }
      h1 {
        flex: 1;
        min-width: 0;
        font-size: var(--size);
        font-weight: 600;
      }
      select {
        max-width: 160px;
        border-color: transparent;
        background: transparent;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      select option {
        background: var(--raised);
        color: var(--ink);
      }
      .badge {
        position: absolute;
        top: 2px;
        right: 2px;
        min-width: 14px;
        padding: 0 3px;
        border-radius: 7px;
        background: var(--warn);
        color: var(--ground);
        font-size: 10px;
        font-weight: 700;
        line-height: 14px;
      }
      button.icon {
        position: relative;
      }
      .doors {
        display: flex;
      }
      button[aria-expanded="true"] {
        background: var(--accent-soft);
        color: var(--accent);
      }
      .palette {
        padding: 0 var(--s2);
      }
      @media (max-width: 899.98px) {
        :host {
          gap: var(--s1);
          padding: 0 var(--s2);
        }
      }
      @media (max-width: 560px) {
        .palette,
        .one {
          display: none;
        }
        select {
          max-width: 92px;
        }
        select:disabled {
          display: none;
        }
      }
    `];watched(){let{layout:e,thread:t,chats:n,mesh:r,approvals:i}=this.store;return[e.narrow,e.railOpen,e.drawerOpen,e.tab,t.conversationId,t.conversation,n.list,r.agents,i.waiting]}render(){let{layout:e,approvals:t}=this.store,n=t.waiting.value.length;return y`
      ${e.narrow.value?y`<button
            class="plain icon"
            type="button"
            aria-label=${n===0?`Conversations`:`Conversations, ${n} waiting for your consent`}
            aria-expanded=${e.railOpen.value}
            @click=${()=>e.railOpen.value=!0}
          >
            ${w(`menu`)}${n===0?S:y`<span class="badge" aria-hidden="true">${n}</span>`}
          </button>`:S}
      <h1 class="cut">${this.#e()}</h1>
      <soma-level-sign .store=${this.store}></soma-level-sign>
      <soma-menu .store=${this.store}></soma-menu>
      ${this.#t()}
      <button
        class="plain palette"
        type="button"
        aria-label="Commands"
        title="Commands"
        @click=${()=>e.paletteOpen.value=!0}
      >
        ${w(`search`)} <kbd>${Lr()?`⌘`:`Ctrl`} K</kbd>
      </button>
      <div class="doors">${Ur.map(e=>this.#n(e.tab,e.name,e.sign))}</div>
    `}#e(){let{chats:e,thread:t}=this.store,n=t.conversationId.value,r=e.list.value?.find(e=>e.conversation_id===n)??t.conversation.value;return n===``?`New chat`:r&&e.nameOf(r)||`Untitled chat`}#t(){let{mesh:e,thread:t}=this.store,n=e.agents.value;if(n.length<2)return S;let r=t.conversationId.value!==``;return y`<select
      aria-label="Agent"
      title=${r?`A conversation keeps its agent`:`Who answers`}
      ?disabled=${r}
      @change=${e=>t.agentId=e.target.value}
    >
      ${n.map(e=>y`<option value=${e.agent_id} ?selected=${e.agent_id===t.agentId}>${e.name}</option>`)}
    </select>`}#n(e,t,n){let{layout:r}=this.store;return y`<button
      class="plain icon"
      type="button"
      aria-label=${t}
      title=${t}
      aria-expanded=${r.drawerOpen.value&&r.tab.value===e}
      @click=${()=>r.toggleDrawer(e)}
    >
      ${w(n)}
    </button>`}};customElements.define(`soma-head`,Wr);var Gr={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Kr=e=>(...t)=>({_$litDirective$:e,values:t}),qr=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},{I:Jr}=Be,Yr=e=>e,Xr=()=>document.createComment(``),Zr=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new Jr(r.insertBefore(Xr(),i),r.insertBefore(Xr(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=Yr(e).nextSibling;Yr(r).insertBefore(e,i),e=t}}}return n},B=(e,t,n=e)=>(e._$AI(t,n),e),Qr={},$r=(e,t=Qr)=>e._$AH=t,ei=e=>e._$AH,ti=e=>{e._$AR(),e._$AA.remove()},ni=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},ri=Kr(class extends qr{constructor(e){if(super(e),e.type!==Gr.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=ei(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=B(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=B(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=B(i[d],a[m]),Zr(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=B(i[f],a[p]),Zr(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=ni(o,p,m),u=ni(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=Zr(e,i[d]);B(t,a[p]),c[p]=t}else c[p]=B(n,a[p]),Zr(e,i[d],n),i[t]=null;p++}else ti(i[f]),f--}else ti(i[d]),d++;for(;p<=m;){let t=Zr(e,c[m+1]);B(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&ti(e)}return this.ut=o,$r(e,c),x}});function ii(){return{async:!1,breaks:!1,extensions:null,gfm:!0,hooks:null,pedantic:!1,renderer:null,silent:!1,tokenizer:null,walkTokens:null}}var V=ii();function ai(e){V=e}var H={exec:()=>null};function oi(e){let t=[];return n=>{let r=Math.max(0,Math.min(3,n-1)),i=t[r];return i||(i=e(r),t[r]=i),i}}function U(e,t=``){let n=typeof e==`string`?e:e.source,r={replace:(e,t)=>{let i=typeof t==`string`?t:t.source;return i=i.replace(W.caret,`$1`),n=n.replace(e,i),r},getRegex:()=>new RegExp(n,t)};return r}var si=((e=``)=>{try{return!!RegExp(`(?<=1)(?<!1)`+e)}catch{return!1}})(),W={codeRemoveIndent:/^(?: {0,3}\t| {1,4})/gm,listInterruptsParagraph:/^ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/,outputLinkReplace:/\\([\[\]])/g,indentCodeCompensation:/^(\s+)(?:```)/,beginningSpace:/^\s+/,endingHash:/#$/,startingSpaceChar:/^ /,endingSpaceChar:/ $/,endingSpaceTabChar:/[ \t]$/,nonSpaceChar:/[^ ]/,newLineCharGlobal:/\n/g,tabCharGlobal:/\t/g,leadingSpaceTab:/^[ \t]+/,multipleSpaceGlobal:/\s+/g,blankLine:/^[ \t]*$/,doubleBlankLine:/\n[ \t]*\n[ \t]*$/,blockquoteStart:/^ {0,3}>/,blockquoteSetextReplace:/\n {0,3}((?:=+|-+)[ \t]*)(?=\n|$)/g,blockquoteSetextReplace2:/^ {0,3}>[ \t]?/gm,blockquoteMarkerWhitespace:/^( {0,3}>)(\t[ \t]*)/gm,nestedBlockMarker:/^ {0,3}(?:(?:[*+-]|\d{1,9}[.)])(?: |$)|> ?)/,listReplaceNesting:/^ {1,4}(?=( {4})*[^ ])/g,listIsTask:/^\[[ xX]\][ \t]+\S/,listReplaceTask:/^\[[ xX]\][ \t]+/,listTaskCheckbox:/\[[ xX]\]/,anyLine:/\n.*\n/,hrefBrackets:/^<(.*)>$/,tableDelimiter:/[:|]/,tableAlignChars:/^\||\| *$/g,tableRowBlankLine:/\n[ \t]*$/,tableAlignRight:/^ *-+: *$/,tableAlignCenter:/^ *:-+: *$/,tableAlignLeft:/^ *:-+ *$/,startATag:/^<a /i,endATag:/^<\/a>/i,startPreScriptTag:/^<(pre|code|kbd|script)(\s|>)/i,endPreScriptTag:/^<\/(pre|code|kbd|script)(\s|>)/i,startAngleBracket:/^</,endAngleBracket:/>$/,pedanticHrefTitle:/^([^'"]*[^\s])\s+(['"])(.*)\2/,unicodeAlphaNumeric:/[\p{L}\p{N}]/u,numericCharacterReference:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));/,numericCharacterReferenceOrAmpersand:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,escapeTest:/[&<>"']/,escapeReplace:/[&<>"']/g,escapeTestNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/,escapeReplaceNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,caret:/(^|[^\[])\^/g,percentDecode:/%25/g,findPipe:/\|/g,splitPipe:/ \|/,slashPipe:/\\\|/g,carriageReturn:/\r\n|\r/g,spaceLine:/^ +$/gm,notSpaceStart:/^\S*/,endingNewline:/\n$/,listItemRegex:e=>RegExp(`^( {0,3}${e})((?:[	 ][^\\n]*)?(?:\\n|$))`),nextBulletRegex:oi(e=>RegExp(`^ {0,${e}}(?:[*+-]|\\d{1,9}[.)])((?:[ 	][^\\n]*)?(?:\\n|$))`)),hrRegex:oi(e=>RegExp(`^ {0,${e}}((?:-[ 	]*){3,}|(?:_[ 	]*){3,}|(?:\\*[ 	]*){3,})(?:\\n+|$)`)),fencesBeginRegex:oi(e=>RegExp(`^ {0,${e}}(?:\`\`\`|~~~)`)),headingBeginRegex:oi(e=>RegExp(`^ {0,${e}}#{1,6}(?:\\s|$)`)),pedanticHeadingBeginRegex:oi(e=>RegExp(`^ {0,${e}}#`)),htmlBeginRegex:oi(e=>RegExp(`^ {0,${e}}(?:</?(?:${mi})(?:[ \\t]+|$|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`,`i`)),blockquoteBeginRegex:oi(e=>RegExp(`^ {0,${e}}>`)),nestedContainerMarkers:/^(?: {0,3}(?:(?:[*+-]|\d{1,9}[.)])[ \t]+|>[ \t]?))+/},ci=/^(?:[ \t]*(?:\n|$))+/,li=/^((?: {4}| {0,3}\t)[^\n]+(?:\n(?:[ \t]*(?:\n|$))*)?)+/,ui=/^ {0,3}(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n|$)(?:|([\s\S]*?)(?:\n|$))(?: {0,3}(?:(?=`)\1`*|(?=~)\1~*) *(?=\n|$)|$)/,di=/^ {0,3}((?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/,fi=/^ {0,3}(#{1,6})(?=\s|$)(.*)(?:\n+|$)/,pi=/ {0,3}(?:[*+-]|\d{1,9}[.)])/,mi=`address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|meta|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul`,hi=U(` {0,3}(?:</?(?:tag)(?:[ \\t]+|\\n|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`).replace(`tag`,mi).getRegex(),gi=/^(?!bull |blockCode|fences|blockquote|heading|html|table)((?:.|\n(?!\s*?\n|bull |fences|blockquote|heading|hr|html|table))+?)\n {0,3}(=+|-+)[ \t]*(?:\n+|$)/,_i=U(gi).replace(/bull/g,pi).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/\|table/g,``).replace(/html/g,hi).getRegex(),vi=U(gi).replace(/bull/g,pi).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/table/g,/ {0,3}\|?(?:[:\- ]*\|)+[\:\- ]*\n/).replace(/html/g,hi).getRegex(),yi=/^([^\n]+(?:\n(?!hr|heading|lheading|blockquote|fences|list|html|table|[ \t]+\n)[^\n]+)*)/,bi=/^[^\n]+/,xi=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\\n]|\n(?![ \t]*\n))+/,Si=U(/^ {0,3}\[(label)\]: *(?:\n[ \t]*)?([^<\s][^\s]*|<(?:\\.|[^\n<>\\])*>)(?:(?: +(?:\n[ \t]*)?| *\n[ \t]*)(title))? *(?:\n+|$)/).replace(`label`,xi).replace(`title`,/(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\\n]|\n(?!\n))*'|\((?:\\[\s\S]|[^()\\])*\))/).getRegex(),Ci=U(/^(bull)([ \t][^\n]*?)?(?:\n|$)/).replace(/bull/g,pi).getRegex(),wi=/<!--(?:-?>|[\s\S]*?(?:-->|$))/,Ti=U(`^ {0,3}(?:<(script|pre|style|textarea)[\\s>][\\s\\S]*?(?:</\\1>[^\\n]*\\n*|$)|comment[^\\n]*(\\n+|$)|<\\?[\\s\\S]*?(?:\\?>[^\\n]*\\n*|$)|<![A-Z][\\s\\S]*?(?:>[^\\n]*\\n*|$)|<!\\[CDATA\\[[\\s\\S]*?(?:\\]\\]>[^\\n]*\\n*|$)|</?(tag)(?:[ \\t]+|\\n|/?>|$)[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|<(?!(?:script|pre|style|textarea)(?![a-z0-9-]))([a-z][a-z0-9-]*)(?:attribute)*?[ \\t]*/?>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|</[a-z][a-z0-9-]*\\s*>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$))`,`i`).replace(`comment`,wi).replace(`tag`,mi).replace(`attribute`,/[ \t]+[a-zA-Z:_][\w.:-]*(?:[ \t]*=[ \t]*"[^"\n]*"|[ \t]*=[ \t]*'[^'\n]*'|[ \t]*=[ \t]*[^\s"'=<>`]+)?/).getRegex(),Ei=e=>U(yi).replace(`hr`,di).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`|lheading`,``).replace(`|table`,``).replace(`blockquote`,` {0,3}>`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,e).replace(`html`,hi).getRegex(),Di=Ei(/ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/),Oi=Ei(/ {0,3}(?:[*+-]|\d{1,9}[.)])(?:[ \t]|\n|$)/),ki={blockquote:U(/^( {0,3}> ?(?:(?![ \t]*(?:\n|$))(paragraph)|[^\n]*)(?:\n|$))+/).replace(`paragraph`,Oi).getRegex(),code:li,def:Si,fences:ui,heading:fi,hr:di,html:Ti,lheading:_i,list:Ci,newline:ci,paragraph:Di,table:H,text:bi},Ai=U(`^ *([^\\n ].*)\\n {0,3}((?:\\| *)?:?-+:? *(?:\\| *:?-+:? *)*(?:\\| *)?)(?:\\n((?:(?! *\\n|hr|heading|blockquote|code|fences|list|html).*(?:\\n|$))*)\\n*|$)`).replace(`hr`,di).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`blockquote`,` {0,3}>`).replace(`code`,`(?: {4}| {0,3}	)[^\\n]`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,` {0,3}(?:[*+-]|1[.)])[ \\t]`).replace(`html`,hi).getRegex(),ji={...ki,lheading:vi,table:Ai,paragraph:U(yi).replace(`hr`,di).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`|lheading`,``).replace(`table`,Ai).replace(`blockquote`,` {0,3}>`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,` {0,3}(?:[*+-]|1[.)])[ \\t]+[^ \\t\\n]`).replace(`html`,hi).getRegex()},Mi={...ki,html:U(`^ *(?:comment(?: *\\n|\\s*$)|<(tag)[\\s\\S]+?</\\1>(?: *\\n{2,}|\\s*$)|<tag(?:"[^"]*"|'[^']*'|\\s[^'"/>\\s]*)*?/?>(?: *\\n{2,}|\\s*$))`).replace(`comment`,wi).replace(/tag/g,`(?!(?:a|em|strong|small|s|cite|q|dfn|abbr|data|time|code|var|samp|kbd|sub|sup|i|b|u|mark|ruby|rt|rp|bdi|bdo|span|br|wbr|ins|del|img)\\b)\\w+(?!:|[^\\w\\s@]*@)\\b`).getRegex(),def:/^ *\[([^\]]+)\]: *<?([^\s>]+)>?(?: +(["(][^\n]+[")]))? *(?:\n+|$)/,heading:/^(#{1,6})(.*)(?:\n+|$)/,fences:H,lheading:/^(.+?)\n {0,3}(=+|-+) *(?:\n+|$)/,paragraph:U(yi).replace(`hr`,di).replace(`heading`,` *#{1,6} *[^
]`).replace(`|table`,``).replace(`blockquote`,` {0,3}>`).replace(`|fences`,``).replace(`|list`,``).replace(`|html`,``).replace(`|tag`,``).replace(`lheading`,_i).getRegex()},Ni=/^\\([!"#$%&'()*+,\-./:;<=>?@\[\]\\^_`{|}~])/,Pi=/^(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/,Fi=/^( {2,}|\\)\n(?!\s*$)[ \t]*/,Ii=/^(`+|[^`])(?:(?= {2,}\n)|[\s\S]*?(?:(?=[\\<!\[`*_]|\b_|$)|[^ ](?= {2,}\n)))/,G=/[\p{P}\p{S}]/u,Li=/[\s\p{P}\p{S}]/u,Ri=/[^\s\p{P}\p{S}]/u,zi=U(/^((?![*_])punctSpace)/,`u`).replace(/punctSpace/g,Li).getRegex(),Bi=/[\p{Pi}\p{Ps}"']/u,Vi=/(?!~)[\p{P}\p{S}]/u,Hi=/(?!~)[\s\p{P}\p{S}]/u,Ui=/(?:[^\s\p{P}\p{S}]|~)/u,Wi=U(/link|precode-code|html/,`g`).replace(`link`,/\[(?:[^\[\]`]|(?<a>`+)[^`]+\k<a>(?!`))*?\]\((?:\\[\s\S]|[^\\\(\)]|\((?:\\[\s\S]|[^\\\(\)])*\))*\)/).replace(`precode-`,si?"(?<!`)()":"(^^|[^`])").replace(`code`,/(?<b>`+)[^`]+\k<b>(?!`)/).replace(`html`,/<(?! )[^<>]*?>/).getRegex(),Gi=/^(?:\*+(?:((?!\*)punct)|([^\s*]))?)|^_+(?:((?!_)punct)|([^\s_]))?/,Ki=U(Gi,`u`).replace(/punct/g,G).getRegex(),qi=U(Gi,`u`).replace(/punct/g,Vi).getRegex(),Ji=U(/^(?:\*+(?:((?!\*)(?!openQuote)punct)|([^\s*]))?)|^_+(?:((?!_)(?!openQuote)punct)|([^\s_]))?/,`u`).replace(/openQuote/g,Bi).replace(/punct/g,G).getRegex(),Yi=`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)punctSpace(\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|notPunctSpace(\\*+)(?=notPunctSpace)`,Xi=U(Yi,`gu`).replace(/notPunctSpace/g,Ri).replace(/punctSpace/g,Li).replace(/punct/g,G).getRegex(),Zi=U(Yi,`gu`).replace(/notPunctSpace/g,Ui).replace(/punctSpace/g,Hi).replace(/punct/g,Vi).getRegex(),Qi=U(`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)[\\s](\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|(?:(?!\\*)punct|notPunctSpace)(\\*+)(?!\\*)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Ri).replace(/punctSpace/g,Li).replace(/punct/g,G).getRegex(),$i=U(`^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)punctSpace(_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)`,`gu`).replace(/notPunctSpace/g,Ri).replace(/punctSpace/g,Li).replace(/punct/g,G).getRegex(),ea=U(`^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)[\\s](_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)|(?:(?!_)punct|notPunctSpace)(_+)(?!_)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Ri).replace(/punctSpace/g,Li).replace(/punct/g,G).getRegex(),ta=U(/^~~?(?:((?!~)punct)|[^\s~])/,`u`).replace(/punct/g,G).getRegex(),na=U(`^[^~]+(?=[^~])|(?!~)punct(~~?)(?=[\\s]|$)|notPunctSpace(~~?)(?!~)(?=punctSpace|$)|(?!~)punctSpace(~~?)(?=notPunctSpace)|[\\s](~~?)(?!~)(?=punct)|(?!~)punct(~~?)(?!~)(?=punct)|notPunctSpace(~~?)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,Ri).replace(/punctSpace/g,Li).replace(/punct/g,G).getRegex(),ra=U(/\\(punct)/,`gu`).replace(/punct/g,G).getRegex(),ia=U(/(`+)(?:[^`]|[^`][\s\S]*?[^`])\1(?!`)|`+|\\(punct)/,`gu`).replace(/punct/g,G).getRegex(),aa=U(/^<(scheme:[^\s\x00-\x1f<>]*|email)>/).replace(`scheme`,/[a-zA-Z][a-zA-Z0-9+.-]{1,31}/).replace(`email`,/[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+(@)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+(?![-_])/).getRegex(),oa=U(wi).replace(`(?:-->|$)`,`-->`).getRegex(),sa=U(`^comment|^</[a-zA-Z][a-zA-Z0-9-]*\\s*>|^<[a-zA-Z][a-zA-Z0-9-]*(?:attribute)*?\\s*/?>|^<\\?[\\s\\S]*?\\?>|^<![a-zA-Z]+\\s[\\s\\S]*?>|^<!\\[CDATA\\[[\\s\\S]*?\\]\\]>`).replace(`comment`,oa).replace(`attribute`,/\s+[a-zA-Z:_][\w.:-]*(?:\s*=\s*"[^"]*"|\s*=\s*'[^']*'|\s*=\s*[^\s"'=<>`]+)?/).getRegex(),ca=/\[(?:\\[\s\S]|[^\[\]\\])*\]/,la=U(/(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\])|[^\[\]\\`])*?/).replace(`brackets`,ca).getRegex(),ua=U(/^!?\[(label)\]\([ \t\n]*(href)(?:(?:[ \t]+(?:\n[ \t]*)?|\n[ \t]*)(title))?[ \t\n]*\)/).replace(`label`,la).replace(`href`,/<(?:\\.|[^\n<>\\])*>|(?!<)[^ \t\n\x00-\x1f]+|(?=\))/).replace(`title`,/"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\((?:\\[\s\S]|[^)\\])*\)/).getRegex(),da=U(/^!?\[(label)\]\[(ref)\]/).replace(`label`,la).replace(`ref`,xi).getRegex(),fa=U(/^!?\[(ref)\](?:\[\])?/).replace(`ref`,xi).getRegex(),pa=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\]){1,999}/,ma=U(/(?:[^\[\]\\`]*(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\]))){0,999}?[^\[\]\\`]*?/).replace(`brackets`,ca).getRegex(),ha=U(`reflink|nolink(?!\\()`,`g`).replace(`reflink`,U(/^!?\[(label)\]\[(ref)\]/).replace(`label`,ma).replace(`ref`,pa).getRegex()).replace(`nolink`,U(/^!?\[(ref)\](?:\[\])?/).replace(`ref`,pa).getRegex()).getRegex(),ga=/[hH][tT][tT][pP][sS]?|[fF][tT][pP]/,_a=U(/(?:mailto:email|xmpp:email(?:\/[A-Za-z0-9@.]+)?)/).replace(/email/g,/[A-Za-z0-9._+-]+@[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).getRegex(),va={_backpedal:H,anyPunctuation:ra,anyPunctuationOutsideCode:ia,autolink:aa,blockSkip:Wi,br:Fi,code:Pi,del:H,delLDelim:H,delRDelim:H,emStrongLDelim:Ki,emStrongRDelimAst:Xi,emStrongRDelimUnd:$i,escape:Ni,link:ua,nolink:fa,punctuation:zi,reflink:da,reflinkSearch:ha,tag:sa,text:Ii,url:H},ya={...va,emStrongLDelim:Ji,emStrongRDelimAst:Qi,emStrongRDelimUnd:ea,link:U(/^!?\[(label)\]\((.*?)\)/).replace(`label`,la).getRegex(),reflink:U(/^!?\[(label)\]\s*\[([^\]]*)\]/).replace(`label`,la).getRegex()},ba={...va,emStrongRDelimAst:Zi,emStrongLDelim:qi,delLDelim:ta,delRDelim:na,url:U(/^emailProtocol|^((?:protocol):\/\/|www\.)(?:[a-zA-Z0-9\-]+\.?)+[^\s<]*|^email/).replace(`emailProtocol`,_a).replace(`protocol`,ga).replace(`email`,/[A-Za-z0-9._+-]+(@)[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).getRegex(),_backpedal:/(?:[^?!.,:;*_'"~()&]+|\([^)]*\)|&(?![a-zA-Z0-9]+;$)|[?!.,:;*_'"~)]+(?!$))+/,del:/^(~~?)(?=[^\s~])((?:\\[\s\S]|[^\\])*?(?:\\[\s\S]|[^\s~\\]))\1(?=[^~]|$)/,text:U(/^(?:[^a-zA-Z0-9](?=emailProtocol)|(`+|~+|[^`~])(?:(?=[`~])|(?= {2,}\n)|(?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@)|[\s\S]*?(?:(?=[\\<!\[`*~_]|\b_|protocol:\/\/|wwwStart|$)|[^ ](?= {2,}\n)|[^a-zA-Z0-9](?=emailProtocol)|[^a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-](?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@))))/).replace(`protocol`,ga).replace(/emailProtocol/g,/(?:mailto|xmpp):/).replace(`wwwStart`,si?`(?<![^\\s*_~(])www\\.`:`www\\.`).getRegex()},xa={...ba,br:U(Fi).replace(`{2,}`,`*`).getRegex(),text:U(ba.text).replace(`\\b_`,`\\b_| {2,}\\n`).replace(/\{2,\}/g,`*`).getRegex()},Sa={normal:ki,gfm:ji,pedantic:Mi},Ca={normal:va,gfm:ba,breaks:xa,pedantic:ya},wa={"&":`&amp;`,"<":`&lt;`,">":`&gt;`,'"':`&quot;`,"'":`&#39;`},Ta=e=>wa[e];function K(e,t){if(t){if(W.escapeTest.test(e))return e.replace(W.escapeReplace,Ta)}else if(W.escapeTestNoEncode.test(e))return e.replace(W.escapeReplaceNoEncode,Ta);return e}function Ea(e){return W.numericCharacterReference.test(e)?e.replace(W.numericCharacterReferenceOrAmpersand,(e,t,n)=>{if(t===void 0&&n===void 0)return`&amp;`;let r=t===void 0?Number.parseInt(n,16):Number.parseInt(t,10);return r===0||r>1114111||r>=55296&&r<=57343?`�`:r===38?`&amp;`:String.fromCodePoint(r)}):e}function Da(e){try{e=encodeURI(e).replace(W.percentDecode,`%`)}catch{return null}return e}function Oa(e,t){let n=e.replace(W.findPipe,(e,t,n)=>{let r=!1,i=t;for(;--i>=0&&n[i]===`\\`;)r=!r;return r?`|`:` |`}).split(W.splitPipe),r=0;if(n[0].trim()||n.shift(),n.length>0&&!n.at(-1)?.trim()&&n.pop(),t){if(n.length>t)n.splice(t);else for(;n.length<t;)n.push(``)}for(;r<n.length;r++)n[r]=n[r].trim().replace(W.slashPipe,`|`);return n}function q(e,t,n){let r=e.length;if(r===0)return``;let i=0;for(;i<r;){let a=e.charAt(r-i-1);if(a===t&&!n)i++;else if(a!==t&&n)i++;else break}return e.slice(0,r-i)}function ka(e){let t=e.split(`
`),n=t.length-1;for(;n>=0&&W.blankLine.test(t[n]);)n--;return t.length-n<=2?e:t.slice(0,n+1).join(`
`)}function Aa(e){return e.trim().replace(W.multipleSpaceGlobal,` `).toLowerCase().toUpperCase().toLowerCase()}function ja(e,t){if(e.indexOf(t[0])===-1&&e.indexOf(t[1])===-1)return-1;let n=0;for(let r=0;r<e.length;r++)if(e[r]===`\\`)r++;else if(e[r]===t[0])n++;else if(e[r]===t[1]&&(n--,n<0))return r;return n>0?-2:-1}var Ma=new WeakMap;function Na(e){let t={"*":-1,_:-1},n=-1,r=e.length;for(let i=0;i<r;i++){let a=e[i];if(a!==`*`&&a!==`_`&&a!==`~`)continue;let o=i===0?`
`:e[i-1],s=i+1;for(;s<r&&e[s]===a;)s++;o!==` `&&o!==`	`&&o!==`
`&&o!==`\r`&&o!==`\f`&&(a===`~`?n=i:t[a]=i),i=s-1}return{maskedSrc:e,lastPossibleEmStrongCloserIndex:t,lastPossibleDelCloserIndex:n}}function Pa(e,t){let n=Na(t),r=Ma.get(e);r?r.push(n):Ma.set(e,[n])}function Fa(e){let t=Ma.get(e);t&&(t.pop(),t.length===0&&Ma.delete(e))}function Ia(e,t,n){let r=Ma.get(e)?.at(-1);return r&&r.maskedSrc===t?r.lastPossibleEmStrongCloserIndex[n]:Na(t).lastPossibleEmStrongCloserIndex[n]}function La(e,t){let n=Ma.get(e)?.at(-1);return n&&n.maskedSrc===t?n.lastPossibleDelCloserIndex:Na(t).lastPossibleDelCloserIndex}function Ra(e,t=0){let n=t,r=``;for(let t of e)if(t===`	`){let e=4-n%4;r+=` `.repeat(e),n+=e}else r+=t,n++;return r}function za(e,t){let n=``;for(let r=0;r<e.length;r++){if(e[r]==="`"){let i=t.inline.code.exec(e.slice(r));if(i){n+=i[0],r+=i[0].length-1;continue}}e[r]===`\\`&&(e[r+1]===`[`||e[r+1]===`]`)?(n+=e[r+1],r++):n+=e[r]}return n}function Ba(e,t,n,r,i){let a=t.href,o=t.title||null,s=za(e[1],i),c=e[0].charAt(0)===`!`,l=r.state.inLink,u=r.state.linkEmitted,d=r.state.inRawBlock;r.state.inLink=!0,r.state.linkEmitted=!1;let f=r.inlineTokens(s),p=r.state.linkEmitted;if(r.state.linkEmitted=u,r.state.inLink=l,!c){if(p){r.state.inRawBlock=d;return}r.state.linkEmitted=!0}return{type:c?`image`:`link`,raw:n,href:a,title:o,text:s,tokens:f}}function Va(e,t,n){let r=e.match(n.other.indentCodeCompensation);if(r===null)return t;let i=r[1];return t.split(`
`).map(e=>{let t=e.match(n.other.beginningSpace);if(t===null)return e;let[r]=t;return e.slice(Math.min(r.length,i.length))}).join(`
`)}function Ha(e,t,n,r){if(!t.includes(`<`))return!1;for(let i=0;i<t.length;i++){if(t[i]===`\\`){i++;continue}if(t[i]==="`"){let e=r.inline.code.exec(t.slice(i));if(e){i+=e[0].length-1;continue}}if(t[i]!==`<`)continue;let a=e.slice(n+i),o=r.inline.tag.exec(a)||r.inline.autolink.exec(a);if(o){if(o[0].length>t.length-i)return!0;i+=o[0].length-1}}return!1}var Ua=class{options;rules;lexer;constructor(e){this.options=e||V}space(e){let t=this.rules.block.newline.exec(e);if(t&&t[0].length>0)return{type:`space`,raw:t[0]}}code(e){let t=this.rules.block.code.exec(e);if(t){let e=this.options.pedantic?t[0]:ka(t[0]);return{type:`code`,raw:e,codeBlockStyle:`indented`,text:e.replace(this.rules.other.codeRemoveIndent,``)}}}fences(e){let t=this.rules.block.fences.exec(e);if(t){let e=t[0],n=Va(e,t[3]||``,this.rules);return t[3]!==void 0&&(n===``||n.endsWith(`
`))&&(n+=`
`),{type:`code`,raw:e,lang:t[2]?t[2].trim().replace(this.rules.inline.anyPunctuation,`$1`):t[2],text:n}}}heading(e){let t=this.rules.block.heading.exec(e);if(t){let e=t[2].trim();if(this.rules.other.endingHash.test(e)){let t=q(e,`#`);(this.options.pedantic||!t||this.rules.other.endingSpaceTabChar.test(t))&&(e=t.trim())}return{type:`heading`,raw:q(t[0],`
`),depth:t[1].length,text:e,tokens:this.lexer.inline(e)}}}hr(e){let t=this.rules.block.hr.exec(e);if(t)return{type:`hr`,raw:q(t[0],`
`)}}blockquote(e){let t=this.rules.block.blockquote.exec(e);if(t){let e=q(t[0],`
`).split(`
`),n=``,r=``,i=[];for(;e.length>0;){let t=!1,a=[],o=0;for(;o<e.length;o++)if(this.rules.other.blockquoteStart.test(e[o]))a.push(e[o]),t=!0;else if(!t)a.push(e[o]);else break;e=e.slice(o);let s=a.join(`
`),c=s.replace(this.rules.other.blockquoteMarkerWhitespace,(e,t,n)=>n.startsWith(` `)?t+` `+n.slice(1):t+Ra(n,t.length)).replace(this.rules.other.blockquoteSetextReplace,`
    $1`).replace(this.rules.other.blockquoteSetextReplace2,``);n=n?`${n}
${s}`:s,r=r?`${r}
${c}`:c;let l=this.lexer.state.top;if(this.lexer.state.top=!0,this.lexer.blockTokens(c,i,!0),this.lexer.state.top=l,e.length===0)break;let u=i.at(-1);if(u?.type===`code`||u?.type===`heading`||u?.type===`hr`||u?.type===`html`||u?.type===`table`)break;if(u?.type===`blockquote`){let t=u,a=e.join(`
`),o=t.raw+`
`+a.replace(this.rules.other.blockquoteSetextReplace2,``),s=this.blockquote(o);i[i.length-1]=s;let c=o.substring(s.raw.length).replace(/^\n/,``),l=c?c.split(`
`).length:0,d=l?e.slice(0,-l):e;if(d.length>0&&(n=`${n}
${d.join(`
`)}`),r=r.substring(0,r.length-t.text.length)+s.text,e=e.slice(d.length),e.length>0&&this.rules.other.blockquoteStart.test(e[0]))continue;break}if(u?.type===`list`){let t=u,a=t.raw+`
`+e.join(`
`),o=this.list(a);i[i.length-1]=o;let s=o.raw.length>t.raw.length?a.slice(t.raw.length+1,o.raw.length).split(`
`).length:0;if(s>0){let t=e.slice(0,s).join(`
`);n=`${n}
${t}`,r=`${r}
${t}`}if(e=e.slice(s),e.length>0&&!this.rules.other.blockquoteStart.test(e[0]))break}}return{type:`blockquote`,raw:n,tokens:i,text:r}}}list(e){let t=this.rules.block.list.exec(e);if(t){if(!this.options.pedantic&&this.lexer.state.lastToken?.type===`text`&&!this.rules.other.listInterruptsParagraph.test(e))return;let n=e,r=()=>n.length-e.length,i=t[1].trim(),a=i.length>1,o={type:`list`,raw:``,ordered:a,start:a?+i.slice(0,-1):``,loose:!1,items:[]};i=a?`\\d{1,9}\\${i.slice(-1)}`:`\\${i}`,this.options.pedantic&&(i=a?i:`[*+-]`);let s=this.rules.other.listItemRegex(i),c=!1;for(;e;){let i=!1,a=``;if(!(t=s.exec(e))||this.rules.block.hr.test(e))break;let l=r();e=e.substring(t[0].length);let u=t[2].split(`
`,1)[0],d=t[1].length,f=this.options.pedantic?Ra(u,d):u.replace(this.rules.other.leadingSpaceTab,e=>Ra(e,d)),p=e.split(`
`,1)[0],m=!f.trim(),h=0;if(this.options.pedantic?(h=2,a=f.trimStart()):m?h=d+1:(h=f.search(this.rules.other.nonSpaceChar),h=h>4?1:h,a=f.slice(h),h+=d),m&&this.rules.other.blankLine.test(p)&&(e=e.substring(p.length+1),i=!0),!i){let t=this.rules.other.nextBulletRegex(h),n=this.rules.other.hrRegex(h),r=this.rules.other.fencesBeginRegex(h),i=this.options.pedantic?this.rules.other.pedanticHeadingBeginRegex(h):this.rules.other.headingBeginRegex(h),o=this.rules.other.htmlBeginRegex(h),s=this.rules.other.blockquoteBeginRegex(h),c=!1;for(;e;){let l=e.split(`
`,1)[0],u;if(p=l,this.options.pedantic?(p=p.replace(this.rules.other.listReplaceNesting,`  `),u=p):u=p.replace(this.rules.other.leadingSpaceTab,e=>Ra(e)),r.test(p)||i.test(p)||o.test(p)||s.test(p)||t.test(p)||n.test(p))break;if(u.search(this.rules.other.nonSpaceChar)>=h||!p.trim())a+=`
`+u.slice(h),c=!1;else{if(m)break;let e=f;if(!this.options.pedantic&&!a.includes(`
`)&&!f.includes(`	`)){let t;for(;!n.test(e)&&(t=this.rules.other.nestedBlockMarker.exec(e));)e=e.slice(t[0].length);if(!e.trim())break}if(e.replace(this.rules.other.tabCharGlobal,`    `).search(this.rules.other.nonSpaceChar)>=4||r.test(e)||i.test(e)||o.test(e)||n.test(e))break;if(!this.options.pedantic&&!c){let e=f.replace(this.rules.other.nestedContainerMarkers,``);if(this.rules.block.fences.test(e)||this.rules.block.heading.test(e)||this.rules.block.hr.test(e))break}let t=!this.options.pedantic&&/^ {0,3}(?:=+|-+) *$/.test(p)&&this.rules.block.lheading.test(`${f}
${p}`)?`    ${u.replace(/^ {0,3}/,``)}`:p;a+=`
`+t,c=!0}m=!p.trim(),e=e.substring(l.length+1),f=u.slice(h)}}let ee=n.slice(l,r());o.loose||(c?o.loose=!0:this.rules.other.doubleBlankLine.test(ee)&&(c=!0)),o.items.push({type:`list_item`,raw:ee,task:!!this.options.gfm&&this.rules.other.listIsTask.test(a),loose:!1,text:a,tokens:[]})}let l=o.items.at(-1);if(l)l.raw=l.raw.trimEnd(),l.text=l.text.trimEnd();else return;o.raw=n.slice(0,r()).trimEnd();let u=[];for(let e of o.items)if(this.lexer.state.top=!1,u.push(this.lexer.inlineQueue.length),e.tokens=this.lexer.blockTokens(e.text,[]),!o.loose){let t=e.tokens.filter(e=>e.type===`space`);o.loose=t.length>0&&t.some(e=>this.rules.other.anyLine.test(e.raw))}for(let e=0;e<o.items.length;e++){let t=o.items[e],n=t.tokens[0];if(t.task&&(n?.type===`text`||n?.type===`paragraph`)){t.text=t.text.replace(this.rules.other.listReplaceTask,``),n.raw=n.raw.replace(this.rules.other.listReplaceTask,``),n.text=n.text.replace(this.rules.other.listReplaceTask,``);let r=this.lexer.inlineQueue;for(let t=u[e];t<r.length;t++)if(r[t].tokens===n.tokens){r[t].src=r[t].src.replace(this.rules.other.listReplaceTask,``);break}let i=this.rules.other.listTaskCheckbox.exec(t.raw);if(i){let e={type:`checkbox`,raw:i[0]+` `,checked:i[0]!==`[ ]`};t.checked=e.checked,o.loose?t.tokens[0]&&[`paragraph`,`text`].includes(t.tokens[0].type)&&`tokens`in t.tokens[0]&&t.tokens[0].tokens?(t.tokens[0].raw=e.raw+t.tokens[0].raw,t.tokens[0].text=e.raw+t.tokens[0].text,t.tokens[0].tokens.unshift(e)):t.tokens.unshift({type:`paragraph`,raw:e.raw,text:e.raw,tokens:[e]}):t.tokens.unshift(e)}}else t.task&&=!1}if(o.loose)for(let e of o.items){e.loose=!0;for(let t of e.tokens)t.type===`text`&&(t.type=`paragraph`)}return o}}html(e){let t=this.rules.block.html.exec(e);if(t){if(this.lexer.state.lastToken?.type===`paragraph`&&!this.rules.other.htmlBeginRegex(4).test(e))return;let n=ka(t[0]);return{type:`html`,block:!0,raw:n,pre:t[1]===`pre`||t[1]===`script`||t[1]===`style`,text:n}}}def(e){let t=this.rules.block.def.exec(e);if(t){if(!this.rules.other.startAngleBracket.test(t[2])&&ja(t[2],`()`)!==-1)return;let e=Aa(t[1]),n=t[2]?t[2].replace(this.rules.other.hrefBrackets,`$1`).replace(this.rules.inline.anyPunctuation,`$1`):``,r=t[3]?t[3].substring(1,t[3].length-1).replace(this.rules.inline.anyPunctuation,`$1`):t[3];return{type:`def`,tag:e,raw:q(t[0],`
`),href:n,title:r}}}table(e){let t=this.rules.block.table.exec(e);if(!t||!this.rules.other.tableDelimiter.test(t[2]))return;let n=Oa(t[1]),r=t[2].replace(this.rules.other.tableAlignChars,``).split(`|`),i=t[3]?.trim()?t[3].replace(this.rules.other.tableRowBlankLine,``).split(`
`):[],a={type:`table`,raw:q(t[0],`
`),header:[],align:[],rows:[]};if(n.length===r.length){for(let e of r)this.rules.other.tableAlignRight.test(e)?a.align.push(`right`):this.rules.other.tableAlignCenter.test(e)?a.align.push(`center`):this.rules.other.tableAlignLeft.test(e)?a.align.push(`left`):a.align.push(null);for(let e=0;e<n.length;e++)a.header.push({text:n[e],tokens:this.lexer.inline(n[e]),header:!0,align:a.align[e]});for(let e of i)a.rows.push(Oa(e,a.header.length).map((e,t)=>({text:e,tokens:this.lexer.inline(e),header:!1,align:a.align[t]})));return a}}lheading(e){let t=this.rules.block.lheading.exec(e);if(t){let e=t[1].trim();return{type:`heading`,raw:q(t[0],`
`),depth:t[2].charAt(0)===`=`?1:2,text:e,tokens:this.lexer.inline(e)}}}paragraph(e){let t=this.rules.block.paragraph.exec(e);if(t){let e=t[1].charAt(t[1].length-1)===`
`?t[1].slice(0,-1):t[1];return{type:`paragraph`,raw:t[0],text:e,tokens:this.lexer.inline(e)}}}text(e){let t=this.rules.block.text.exec(e);if(t)return{type:`text`,raw:t[0],text:t[0],tokens:this.lexer.inline(t[0])}}escape(e){if(e.charCodeAt(0)!==92)return;let t=this.rules.inline.escape.exec(e);if(t)return{type:`escape`,raw:t[0],text:t[1]}}tag(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.tag.exec(e);if(t)return!this.lexer.state.inLink&&this.rules.other.startATag.test(t[0])?this.lexer.state.inLink=!0:this.lexer.state.inLink&&this.rules.other.endATag.test(t[0])&&(this.lexer.state.inLink=!1),!this.lexer.state.inRawBlock&&this.rules.other.startPreScriptTag.test(t[0])?this.lexer.state.inRawBlock=!0:this.lexer.state.inRawBlock&&this.rules.other.endPreScriptTag.test(t[0])&&(this.lexer.state.inRawBlock=!1),{type:`html`,raw:t[0],inLink:this.lexer.state.inLink,inRawBlock:this.lexer.state.inRawBlock,block:!1,text:t[0]}}link(e){if(this.lexer.state.linkParenPossible===!1)return;let t=e.charCodeAt(0);if(t!==91&&t!==33)return;let n=this.rules.inline.link.exec(e);if(n){let t=n[0].charAt(0)===`!`?2:1;if(!this.options.pedantic&&Ha(e,n[1],t,this.rules))return;let r=n[2].trim();if(!this.options.pedantic&&this.rules.other.startAngleBracket.test(r)){if(!this.rules.other.endAngleBracket.test(r))return;let e=q(r.slice(0,-1),`\\`);if((r.length-e.length)%2==0)return}else{let e=ja(n[2],`()`);if(e===-2)return;if(e>-1){let t=(n[0].indexOf(`!`)===0?5:4)+n[1].length+e;n[2]=n[2].substring(0,e),n[0]=n[0].substring(0,t).trim(),n[3]=``}}let i=q(n[0].slice(0,-1),`\\`);if((n[0].length-i.length)%2==0)return;let a=n[2],o=``;if(this.options.pedantic){let e=this.rules.other.pedanticHrefTitle.exec(a);e&&(a=e[1],o=e[3])}else o=n[3]?n[3].slice(1,-1):``;return a=a.trim(),this.rules.other.startAngleBracket.test(a)&&(a=this.options.pedantic&&!this.rules.other.endAngleBracket.test(r)?a.slice(1):a.slice(1,-1)),Ba(n,{href:a&&a.replace(this.rules.inline.anyPunctuation,`$1`),title:o&&o.replace(this.rules.inline.anyPunctuation,`$1`)},n[0],this.lexer,this.rules)}}reflink(e,t){let n=e.charCodeAt(0);if(n!==91&&n!==33)return;let r;if((r=this.rules.inline.reflink.exec(e))||(r=this.rules.inline.nolink.exec(e))){let n=r[0].charAt(0)===`!`?2:1;if(!this.options.pedantic&&Ha(e,r[1],n,this.rules))return;let i=t[Aa(r[2]||r[1])];if(!i){let e=r[0].charAt(0);return{type:`text`,raw:e,text:e}}return Ba(r,i,r[0],this.lexer,this.rules)}}emStrong(e,t,n=``){let r=this.rules.inline.emStrongLDelim.exec(e);if(!r||!r[1]&&!r[2]&&!r[3]&&!r[4])return;let i=r[0][0],a=n===i,o=t.length-e.length,s=o;for(;!this.options.pedantic&&s>0&&t[s-1]===i;)s--;let c=[...t.slice(Math.max(0,s-2),s)].at(-1)??``,l=c===`*`||c===`_`||!!this.rules.inline.punctuation.exec(c);s<o&&(n=c);let u=s<o?l:n===`*`||n===`_`||!!this.rules.inline.punctuation.exec(n);if(r[4]&&n.match(this.rules.other.unicodeAlphaNumeric))return;let d=r[1]||r[3]||``;if(!d||!n||u){let n=[...r[0]].length-1,u,f,p=n,m=0,h=o-s+n,ee=!this.options.pedantic&&!!c.trim()&&(!!d||i===`*`&&!l);if(i!==`*`&&i!==`_`)return;let te=i===`*`?this.rules.inline.emStrongRDelimAst:this.rules.inline.emStrongRDelimUnd,ne=Ia(this,t,i),g=t.length-e.length+n;if(ne<g)return;t=t.slice(-1*e.length+n);let re=ne-g;for(te.lastIndex=0;(r=te.exec(t))!==null&&!(r.index>re);){if(u=r[1]||r[2]||r[3]||r[4]||r[5]||r[6],!u)continue;if(f=[...u].length,r[3]||r[4]){p+=f;continue}if((r[5]||r[6]||ee)&&h%3&&!((h+f)%3)){if(a&&(r[5]||r[6]))break;m+=f;continue}if(p-=f,p>0)continue;f=Math.min(f,f+p+m);let t=[...r[0]][0].length,i=e.slice(0,n+r.index+t+f);if(Math.min(n,f)%2){let e=i.slice(1,-1);return{type:`em`,raw:i,text:e,tokens:this.lexer.inlineTokens(e)}}let o=i.slice(2,-2);return{type:`strong`,raw:i,text:o,tokens:this.lexer.inlineTokens(o)}}}}codespan(e){if(e.charCodeAt(0)!==96)return;let t=this.rules.inline.code.exec(e);if(t){let e=t[2].replace(this.rules.other.newLineCharGlobal,` `),n=this.rules.other.nonSpaceChar.test(e),r=this.rules.other.startingSpaceChar.test(e)&&this.rules.other.endingSpaceChar.test(e);return n&&r&&(e=e.substring(1,e.length-1)),{type:`codespan`,raw:t[0],text:e}}}br(e){let t=e.charCodeAt(0);if(t!==32&&t!==92&&t!==10)return;let n=this.rules.inline.br.exec(e);if(n)return{type:`br`,raw:n[0]}}del(e,t,n=``){if(e.charCodeAt(0)!==126)return;let r=this.rules.inline.delLDelim.exec(e);if(r&&(!r[1]||!n||this.rules.inline.punctuation.exec(n))){let n=[...r[0]].length-1,i,a,o=n,s=this.rules.inline.delRDelim,c=La(this,t),l=t.length-e.length+n;if(c<l)return;t=t.slice(-1*e.length+n);let u=c-l;for(s.lastIndex=0;(r=s.exec(t))!==null&&!(r.index>u);){if(i=r[1]||r[2]||r[3]||r[4]||r[5]||r[6],!i||(a=[...i].length,a!==n))continue;if(r[3]||r[4]){o+=a;continue}if(o-=a,o>0)continue;a=Math.min(a,a+o);let t=[...r[0]][0].length,s=e.slice(0,n+r.index+t+a),c=s.slice(n,-n);return{type:`del`,raw:s,text:c,tokens:this.lexer.inlineTokens(c)}}}}autolink(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.autolink.exec(e);if(t){let e,n;return t[2]===`@`?(e=t[1],n=`mailto:`+e):(e=t[1],n=e),{type:`link`,raw:t[0],text:e,href:n,autolink:!0,tokens:[{type:`text`,raw:e,text:e}]}}}url(e){let t;if(t=this.rules.inline.url.exec(e)){let e,n;if(t[2]===`@`)e=t[0],n=`mailto:`+e;else{let r;do r=t[0],t[0]=this.rules.inline._backpedal.exec(t[0])?.[0]??``;while(r!==t[0]);e=t[0],n=t[1]===`www.`?`http://`+t[0]:t[0]}return{type:`link`,raw:t[0],text:e,href:n,autolink:!0,tokens:[{type:`text`,raw:e,text:e}]}}}inlineText(e){let t=this.rules.inline.text.exec(e);if(t){let e=this.lexer.state.inRawBlock;return{type:`text`,raw:t[0],text:e?t[0]:Ea(t[0]),escaped:e}}}},J=class e{tokens;options;state;inlineQueue;tokenizer;constructor(e){this.tokens=[],this.tokens.links=Object.create(null),this.options=e||V,this.options.tokenizer=this.options.tokenizer||new Ua,this.tokenizer=this.options.tokenizer,this.tokenizer.options=this.options,this.tokenizer.lexer=this,this.inlineQueue=[],this.state={inLink:!1,inRawBlock:!1,linkEmitted:!1,linkParenPossible:!0,top:!0};let t={other:W,block:Sa.normal,inline:Ca.normal};this.options.pedantic?(t.block=Sa.pedantic,t.inline=Ca.pedantic):this.options.gfm&&(t.block=Sa.gfm,t.inline=this.options.breaks?Ca.breaks:Ca.gfm),this.tokenizer.rules=t}static get rules(){return{block:Sa,inline:Ca}}static lex(t,n){return new e(n).lex(t)}static lexInline(t,n){return new e(n).inlineTokens(t)}lex(e){e=e.replace(W.carriageReturn,`
`),this.blockTokens(e,this.tokens);for(let e=0;e<this.inlineQueue.length;e++){let t=this.inlineQueue[e];this.state.inRawBlock=!1,this.inlineTokens(t.src,t.tokens)}return this.inlineQueue=[],this.tokens}blockTokens(e,t=[],n=!1){this.tokenizer.lexer=this;let r=this.state.lastToken;this.options.pedantic&&(e=e.replace(W.tabCharGlobal,`    `).replace(W.spaceLine,``));let i=1/0,a,o=this.options.gfm&&!this.options.pedantic&&this.tokenizer.paragraph===Ua.prototype.paragraph;for(;e;){if(e.length<i)i=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}this.state.lastToken=t.at(-1);let r;if(this.options.extensions?.block?.some(n=>(r=n.call({lexer:this},e,t))?(e=e.substring(r.raw.length),t.push(r),!0):!1))continue;if(r=this.tokenizer.space(e)){e=e.substring(r.raw.length);let n=t.at(-1);r.raw.length===1&&n!==void 0?n.raw+=`
`:t.push(r);continue}if(r=this.tokenizer.code(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`paragraph`||n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.text,this.inlineQueue.at(-1).src=n.text):t.push(r);continue}if((r=this.tokenizer.fences(e))||(r=this.tokenizer.heading(e))||(r=this.tokenizer.hr(e))||(r=this.tokenizer.blockquote(e))||(r=this.tokenizer.list(e))||(r=this.tokenizer.html(e))){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.def(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`paragraph`||n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.raw,this.inlineQueue.at(-1).src=n.text):(this.tokens.links[r.tag]||(this.tokens.links[r.tag]={href:r.href,title:r.title}),t.push(r));continue}if((r=this.tokenizer.table(e))||(r=this.tokenizer.lheading(e))){e=e.substring(r.raw.length),t.push(r);continue}let s=e;if(this.options.extensions?.startBlock){let t=1/0,n=e.slice(1),r;this.options.extensions.startBlock.forEach(e=>{r=e.call({lexer:this},n),typeof r==`number`&&r>=0&&(t=Math.min(t,r))}),t<1/0&&t>=0&&(s=e.substring(0,t+1))}if(this.state.top&&(r=this.tokenizer.paragraph(s))){let i=t.at(-1);(n||i===a&&o)&&i?.type===`paragraph`?(i.raw+=(i.raw.endsWith(`
`)?``:`
`)+r.raw,i.text+=`
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=i.text,a=i):(t.push(r),a=r),n=s.length!==e.length,e=e.substring(r.raw.length)}else if(r=this.tokenizer.text(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=n.text):t.push(r)}else if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return this.state.top=!0,this.state.lastToken=r,t}inline(e,t=[]){return this.inlineQueue.push({src:e,tokens:t}),t}linkInText(e){if(!e.includes(`[`))return!1;let t=this.tokenizer.rules.inline.link;for(let n of e.matchAll(this.tokenizer.rules.inline.blockSkip))if(t.test(n[0])&&e.charAt(n.index-1)!==`!`)return!0;for(let t of e.matchAll(this.tokenizer.rules.inline.reflinkSearch)){let e=t[0],n=e.lastIndexOf(`[`);if(e.charAt(0)!==`!`&&Object.hasOwn(this.tokens.links,Aa(e.slice(n+1,-1)))&&!(n>1&&this.linkInText(e.slice(1,n-1))))return!0}return!1}inlineTokens(e,t=[]){this.tokenizer.lexer=this;let n=this.state.linkParenPossible;this.state.linkParenPossible=e.includes(`)`);try{return this.#e(e,t)}finally{this.state.linkParenPossible=n}}#e(e,t){let n=e.includes(`*`)||e.includes(`_`)||e.includes(`~`),r=n||this.options.hooks?.emStrongMask||this.tokenizer.emStrong!==Ua.prototype.emStrong||this.tokenizer.del!==Ua.prototype.del?this.#r(e):e;if(!n)return this.#t(e,r,t);Pa(this.tokenizer,r);try{return this.#t(e,r,t)}finally{Fa(this.tokenizer)}}#t(e,t,n){let r=!1,i=``,a=1/0;for(;e;){if(e.length<a)a=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}r||(i=``),r=!1;let o;if(this.options.extensions?.inline?.some(t=>(o=t.call({lexer:this},e,n))?(e=e.substring(o.raw.length),n.push(o),!0):!1))continue;if((o=this.tokenizer.escape(e))||(o=this.tokenizer.tag(e))||(o=this.tokenizer.link(e))){e=e.substring(o.raw.length),n.push(o);continue}if(o=this.tokenizer.reflink(e,this.tokens.links)){e=e.substring(o.raw.length);let t=n.at(-1);o.type===`text`&&t?.type===`text`?(t.raw+=o.raw,t.text+=o.text):n.push(o);continue}let s=e[0];if(s===`*`||s===`_`){let a=t.length-e.length;if(Ia(this.tokenizer,t,s)<=a){let t=1;for(;t<e.length&&e.charCodeAt(t)===s.charCodeAt(0);)t++;let a=e.substring(0,t),o=n.at(-1);o?.type===`text`&&!o.escaped?(o.raw+=a,o.text+=a):n.push({type:`text`,raw:a,text:a,escaped:!1}),e=e.substring(t),i=s,r=!0;continue}}else if(s===`~`){let a=t.length-e.length;if(La(this.tokenizer,t)<=a){let t=1;for(;t<e.length&&e.charCodeAt(t)===126;)t++;let a=e.substring(0,t),o=n.at(-1);o?.type===`text`&&!o.escaped?(o.raw+=a,o.text+=a):n.push({type:`text`,raw:a,text:a,escaped:!1}),e=e.substring(t),i=s,r=!0;continue}}if((o=this.tokenizer.emStrong(e,t,i))||(o=this.tokenizer.codespan(e))||(o=this.tokenizer.br(e))||(o=this.tokenizer.del(e,t,i))||(o=this.tokenizer.autolink(e))||!this.state.inLink&&(o=this.tokenizer.url(e))){e=e.substring(o.raw.length),n.push(o);continue}let c=e;if(this.options.extensions?.startInline){let t=1/0,n=e.slice(1),r;this.options.extensions.startInline.forEach(e=>{r=e.call({lexer:this},n),typeof r==`number`&&r>=0&&(t=Math.min(t,r))}),t<1/0&&t>=0&&(c=e.substring(0,t+1))}if(o=this.tokenizer.inlineText(c)){e=e.substring(o.raw.length),o.raw.slice(-1)!==`_`&&(i=o.raw.slice(-1)),r=!0;let t=n.at(-1);t?.type===`text`?(t.raw+=o.raw,t.text+=o.text):n.push(o)}else if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return n}#n(e){let{blockSkip:t,tag:n,autolink:r}=this.tokenizer.rules.inline,i=``,a=0,o;for(t.lastIndex=0;o=t.exec(e);){let s=o.index+(o[2]?o[2].length:0),c=o.index+o[0].length;if(e.charAt(s)===`<`){let i=e.slice(s),a=n.exec(i)||r.exec(i);if(!a){t.lastIndex=s+1;continue}c=s+a[0].length,t.lastIndex=c}i+=e.slice(a,s)+`[`+`a`.repeat(c-s-2)+`]`,a=c}return i+e.slice(a)}#r(e){let t=e;if(this.tokens.links&&e.includes(`[`)){let e=this.tokenizer.rules.inline.reflinkSearch,n=t=>{let r=t.lastIndexOf(`[`);if(!Object.hasOwn(this.tokens.links,Aa(t.slice(r+1,-1))))return t;if(r>1&&t.charAt(0)!==`!`){let i=t.slice(1,r-1);if(this.linkInText(i))return`[`+i.replace(e,n)+`][`+`a`.repeat(t.length-r-2)+`]`}return`[`+`a`.repeat(t.length-2)+`]`};t=t.replace(e,n)}return t=t.replace(this.tokenizer.rules.inline.anyPunctuationOutsideCode,(e,t,n)=>n?`+`.repeat(e.length):t?t+e.slice(t.length,-t.length).replace(/`/g,`+`)+t:e),t=this.#n(t),t=this.options.hooks?.emStrongMask?.call({lexer:this},t)??t,t}infiniteLoopError(e){let t=`Infinite loop on byte: `+e;if(this.options.silent)console.error(t);else throw Error(t)}},Wa=class{options;parser;constructor(e){this.options=e||V}space(e){return``}code({text:e,lang:t,escaped:n}){let r=(t||``).match(W.notSpaceStart)?.[0],i=e?e.replace(W.endingNewline,``)+`
`:``;return r?`<pre><code class="language-`+K(r)+`">`+(n?i:K(i,!0))+`</code></pre>
`:`<pre><code>`+(n?i:K(i,!0))+`</code></pre>
`}blockquote({tokens:e}){return`<blockquote>
${this.parser.parse(e)}</blockquote>
`}html({text:e}){return e}def(e){return``}heading({tokens:e,depth:t}){return`<h${t}>${this.parser.parseInline(e)}</h${t}>
`}hr(e){return`<hr>
`}list(e){let t=e.ordered,n=e.start,r=``;for(let t=0;t<e.items.length;t++){let n=e.items[t];r+=this.listitem(n)}let i=t?`ol`:`ul`,a=t&&n!==1?` start="`+n+`"`:``;return`<`+i+a+`>
`+r+`</`+i+`>
`}listitem(e){return`<li>${this.parser.parse(e.tokens)}</li>
`}checkbox({checked:e}){return`<input `+(e?`checked="" `:``)+`disabled="" type="checkbox"> `}paragraph({tokens:e}){return`<p>${this.parser.parseInline(e)}</p>
`}table(e){let t=``,n=``;for(let t=0;t<e.header.length;t++)n+=this.tablecell(e.header[t]);t+=this.tablerow({text:n});let r=``;for(let t=0;t<e.rows.length;t++){let i=e.rows[t];n=``;for(let e=0;e<i.length;e++)n+=this.tablecell(i[e]);r+=this.tablerow({text:n})}return r&&=`<tbody>${r}</tbody>`,`<table>
<thead>
`+t+`</thead>
`+r+`</table>
`}tablerow({text:e}){return`<tr>
${e}</tr>
`}tablecell(e){let t=this.parser.parseInline(e.tokens),n=e.header?`th`:`td`;return(e.align?`<${n} align="${e.align}">`:`<${n}>`)+t+`</${n}>
`}strong({tokens:e}){return`<strong>${this.parser.parseInline(e)}</strong>`}em({tokens:e}){return`<em>${this.parser.parseInline(e)}</em>`}codespan({text:e}){return`<code>${K(e,!0)}</code>`}br(e){return`<br>`}del({tokens:e}){return`<del>${this.parser.parseInline(e)}</del>`}link({href:e,title:t,text:n,tokens:r,autolink:i}){let a=i?K(n,!0):this.parser.parseInline(r),o=Da(e);if(o===null)return a;e=K(o,i);let s=`<a href="`+e+`"`;return t&&(s+=` title="`+K(t)+`"`),s+=`>`+a+`</a>`,s}image({href:e,title:t,text:n,tokens:r}){r&&(n=this.parser.parseInline(r,this.parser.textRenderer));let i=Da(e);if(i===null)return K(n);e=i;let a=`<img src="${K(e)}" alt="${K(n)}"`;return t&&(a+=` title="${K(t)}"`),a+=`>`,a}text(e){return`tokens`in e&&e.tokens?this.parser.parseInline(e.tokens):`escaped`in e&&e.escaped?e.text:K(e.text)}},Ga=class{parser;strong({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}em({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}codespan({text:e}){return e}del({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}html({text:e}){return e}text({text:e}){return e}link({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}image({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}br(){return`
`}checkbox({raw:e}){return e}},Y=class e{options;renderer;textRenderer;constructor(e){this.options=e||V,this.options.renderer=this.options.renderer||new Wa,this.renderer=this.options.renderer,this.renderer.options=this.options,this.renderer.parser=this,this.textRenderer=new Ga,this.textRenderer.parser=this}static parse(t,n){return new e(n).parse(t)}static parseInline(t,n){return new e(n).parseInline(t)}parse(e){this.renderer.parser=this;let t=``;for(let n=0;n<e.length;n++){let r=e[n];if(this.options.extensions?.renderers?.[r.type]){let e=r,n=this.options.extensions.renderers[e.type].call({parser:this},e);if(n!==!1||![`space`,`hr`,`heading`,`code`,`table`,`blockquote`,`list`,`checkbox`,`html`,`def`,`paragraph`,`text`].includes(e.type)){t+=n===!1?``:n??``;continue}}let i=r;switch(i.type){case`space`:t+=this.renderer.space(i);break;case`hr`:t+=this.renderer.hr(i);break;case`heading`:t+=this.renderer.heading(i);break;case`code`:t+=this.renderer.code(i);break;case`table`:t+=this.renderer.table(i);break;case`blockquote`:t+=this.renderer.blockquote(i);break;case`list`:t+=this.renderer.list(i);break;case`checkbox`:t+=this.renderer.checkbox(i);break;case`html`:t+=this.renderer.html(i);break;case`def`:t+=this.renderer.def(i);break;case`paragraph`:t+=this.renderer.paragraph(i);break;case`text`:t+=this.renderer.text(i);break;default:{let e=`Token with "`+i.type+`" type was not found.`;if(this.options.silent)return console.error(e),``;throw Error(e)}}}return t}parseInline(e,t=this.renderer){this.renderer.parser=this;let n=``;for(let r=0;r<e.length;r++){let i=e[r];if(this.options.extensions?.renderers?.[i.type]){let e=this.options.extensions.renderers[i.type].call({parser:this},i);if(e!==!1||![`escape`,`html`,`link`,`image`,`checkbox`,`strong`,`em`,`codespan`,`br`,`del`,`text`].includes(i.type)){n+=e===!1?``:e??``;continue}}let a=i;switch(a.type){case`escape`:n+=t.text(a);break;case`html`:n+=t.html(a);break;case`link`:n+=t.link(a);break;case`image`:n+=t.image(a);break;case`checkbox`:n+=t.checkbox(a);break;case`strong`:n+=t.strong(a);break;case`em`:n+=t.em(a);break;case`codespan`:n+=t.codespan(a);break;case`br`:n+=t.br(a);break;case`del`:n+=t.del(a);break;case`text`:n+=t.text(a);break;default:{let e=`Token with "`+a.type+`" type was not found.`;if(this.options.silent)return console.error(e),``;throw Error(e)}}}return n}},Ka=class{options;block;constructor(e){this.options=e||V}static passThroughHooks=new Set([`preprocess`,`postprocess`,`processAllTokens`,`emStrongMask`]);static passThroughHooksRespectAsync=new Set([`preprocess`,`postprocess`,`processAllTokens`]);preprocess(e){return e}postprocess(e){return e}processAllTokens(e){return e}emStrongMask(e){return e}provideLexer(e=this.block){return e?J.lex:J.lexInline}provideParser(e=this.block){return e?Y.parse:Y.parseInline}};function X(e,t){if(Array.isArray(t))for(let n=0;n<t.length;n++)e.push(t[n]);else e.push(t)}var qa=new class{defaults=ii();options=this.setOptions;parse=this.parseMarkdown(!0);parseInline=this.parseMarkdown(!1);Parser=Y;Renderer=Wa;TextRenderer=Ga;Lexer=J;Tokenizer=Ua;Hooks=Ka;constructor(...e){this.use(...e)}walkTokens(e,t){let n=[];for(let r of e)switch(X(n,t.call(this,r)),r.type){case`table`:{let e=r;for(let r of e.header)X(n,this.walkTokens(r.tokens,t));for(let r of e.rows)for(let e of r)X(n,this.walkTokens(e.tokens,t));break}case`list`:{let e=r;X(n,this.walkTokens(e.items,t));break}default:{let e=r;this.defaults.extensions?.childTokens?.[e.type]?this.defaults.extensions.childTokens[e.type].forEach(r=>{let i=e[r].flat(1/0);X(n,this.walkTokens(i,t))}):e.tokens&&X(n,this.walkTokens(e.tokens,t))}}return n}use(...e){let t=this.defaults.extensions||{renderers:Object.create(null),childTokens:Object.create(null)};return e.forEach(e=>{let n={...e};if(n.async=this.defaults.async||n.async||!1,e.extensions&&(e.extensions.forEach(e=>{if(!e.name)throw Error(`extension name required`);if(`renderer`in e){let n=t.renderers[e.name];n?t.renderers[e.name]=function(...t){let r=e.renderer.apply(this,t);return r===!1&&(r=n.apply(this,t)),r}:t.renderers[e.name]=e.renderer}if(`tokenizer`in e){if(!e.level||e.level!==`block`&&e.level!==`inline`)throw Error(`extension level must be 'block' or 'inline'`);let n=t[e.level];n?n.unshift(e.tokenizer):t[e.level]=[e.tokenizer],e.start&&(e.level===`block`?t.startBlock?t.startBlock.push(e.start):t.startBlock=[e.start]:e.level===`inline`&&(t.startInline?t.startInline.push(e.start):t.startInline=[e.start]))}`childTokens`in e&&e.childTokens&&(t.childTokens[e.name]=e.childTokens)}),n.extensions=t),e.renderer){let t=this.defaults.renderer||new Wa(this.defaults);for(let n in e.renderer){if(!(n in t))throw Error(`renderer '${n}' does not exist`);if([`options`,`parser`].includes(n))continue;let r=n,i=e.renderer[r],a=t[r];t[r]=(...e)=>{let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n===!1?``:n??``}}n.renderer=t}if(e.tokenizer){let t=this.defaults.tokenizer||new Ua(this.defaults);for(let n in e.tokenizer){if(!(n in t))throw Error(`tokenizer '${n}' does not exist`);if([`options`,`rules`,`lexer`].includes(n))continue;let r=n,i=e.tokenizer[r],a=t[r];t[r]=(...e)=>{let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n}}n.tokenizer=t}if(e.hooks){let t=this.defaults.hooks||new Ka;for(let n in e.hooks){if(!(n in t))throw Error(`hook '${n}' does not exist`);if([`options`,`block`].includes(n))continue;let r=n,i=e.hooks[r],a=t[r];t[r]=Ka.passThroughHooks.has(n)?e=>{if(t.options.async&&Ka.passThroughHooksRespectAsync.has(n))return(async()=>{let n=await i.call(t,e);return a.call(t,n)})();let r=i.call(t,e);return a.call(t,r)}:(...e)=>{if(t.options.async)return(async()=>{let n=await i.apply(t,e);return n===!1&&(n=await a.apply(t,e)),n})();let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n}}n.hooks=t}if(e.walkTokens){let t=this.defaults.walkTokens,r=e.walkTokens;n.walkTokens=function(e){let n=[];return X(n,r.call(this,e)),t&&X(n,t.call(this,e)),n}}this.defaults={...this.defaults,...n}}),this}setOptions(e){return this.defaults={...this.defaults,...e},this}lexer(e,t){return J.lex(e,t??this.defaults)}parser(e,t){return Y.parse(e,t??this.defaults)}parseMarkdown(e){return(t,n)=>{let r={...n},i={...this.defaults,...r},a=this.onError(!!i.silent,!!i.async);if(this.defaults.async===!0&&r.async===!1)return a(Error(`marked(): The async option was set to true by an extension. Remove async: false from the parse options object to return a Promise.`));if(typeof t>`u`||t===null)return a(Error(`marked(): input parameter is undefined or null`));if(typeof t!=`string`)return a(Error(`marked(): input parameter is of type `+Object.prototype.toString.call(t)+`, string expected`));if(i.hooks&&(i.hooks.options=i,i.hooks.block=e),i.async)return(async()=>{let n=i.hooks?await i.hooks.preprocess(t):t,r=await(i.hooks?await i.hooks.provideLexer(e):e?J.lex:J.lexInline)(n,i),a=i.hooks?await i.hooks.processAllTokens(r):r;i.walkTokens&&await Promise.all(this.walkTokens(a,i.walkTokens));let o=await(i.hooks?await i.hooks.provideParser(e):e?Y.parse:Y.parseInline)(a,i);return i.hooks?await i.hooks.postprocess(o):o})().catch(a);try{i.hooks&&(t=i.hooks.preprocess(t));let n=(i.hooks?i.hooks.provideLexer(e):e?J.lex:J.lexInline)(t,i);i.hooks&&(n=i.hooks.processAllTokens(n)),i.walkTokens&&this.walkTokens(n,i.walkTokens);let r=(i.hooks?i.hooks.provideParser(e):e?Y.parse:Y.parseInline)(n,i);return i.hooks&&(r=i.hooks.postprocess(r)),r}catch(e){return a(e)}}}onError(e,t){return n=>{if(n.message+=`
Please report this to https://github.com/markedjs/marked.`,e){let e=`<p>An error occurred:</p><pre>`+K(n.message+``,!0)+`</pre>`;return t?Promise.resolve(e):e}if(t)return Promise.reject(n);throw n}}};function Z(e,t){return qa.parse(e,t)}Z.options=Z.setOptions=function(e){return qa.setOptions(e),Z.defaults=qa.defaults,ai(Z.defaults),Z},Z.getDefaults=ii,Z.defaults=V;function Ja(...e){return qa.use(...e),Z.defaults=qa.defaults,ai(Z.defaults),Z}Z.use=Ja,Z.walkTokens=function(e,t){return qa.walkTokens(e,t)},Z.parseInline=qa.parseInline,Z.Parser=Y,Z.parser=Y.parse,Z.Renderer=Wa,Z.TextRenderer=Ga,Z.Lexer=J,Z.lexer=J.lex,Z.Tokenizer=Ua,Z.Hooks=Ka,Z.parse=Z,Z.options,Z.setOptions,Z.walkTokens,Z.parseInline,Y.parse,J.lex;var Ya=class{#e=``;#t=[];of(e){return e===this.#e||(e.length>this.#e.length&&e.startsWith(this.#e)?this.#n(e):this.#t=Xa(e,0),this.#e=e),this.#t}whole(e){return this.#e=``,this.of(e)}#n(e){let t=this.#t.findLastIndex(e=>e.token.type!==`space`),n=this.#t[t]?.from??0;this.#t=[...this.#t.slice(0,Math.max(0,t)),...Xa(e.slice(n),n)]}};function Xa(e,t){let n=[];for(let r of new J({gfm:!0}).lex(e))n.push({token:r,from:t}),t+=r.raw.length;return n}var Za=class{#e=[];of(e,t,n,r){let i=[],a=[...new Set(t.map(t=>Math.min(t.at,e.length)))].sort((e,t)=>e-t);return[0,...a].forEach((o,s)=>{s>0&&i.push({kind:`tools`,tools:t.filter(t=>Math.min(t.at,e.length)===o)});let c=a[s]??e.length,l=this.#e[s]??=new Ya,u=e.slice(o,c),d=r?l.whole(u):l.of(u),f=n.filter(e=>e.at>=o&&(e.at<c||s===a.length));i.push(...Qa(d,f,o))}),i.filter(e=>e.kind!==`text`||e.blocks.length>0)}};function Qa(e,t,n){let r=[],i=[...e];for(let e of t){let t=e.at-n,a=i.findIndex(e=>e.from+e.token.raw.length>t),o=a<0?void 0:i[a],s=a<0?i:i.slice(0,a),c=a<0?[]:i.slice(a);if(o!==void 0&&t>o.from){let[e,n]=$a(o,t-o.from);s.push(...e),c.splice(0,1,...n)}r.push({kind:`text`,blocks:s},{kind:`seam`,seam:e}),i=c}return r.push({kind:`text`,blocks:i}),r}function $a(e,t){if(e.token.type!==`paragraph`&&e.token.type!==`text`)return[[e],[]];let n=(t,n)=>new Ya().of(t).map(t=>({token:t.token,from:t.from+e.from+n}));return[n(e.token.raw.slice(0,t),0),n(e.token.raw.slice(t),t)]}var eo=o`
  .prose {
    overflow-wrap: anywhere;
  }
  .prose > :first-child {
    margin-top: 0;
  }
  .prose > :last-child {
    margin-bottom: 0;
  }
  .prose p,
  .prose ul,
  .prose ol,
  .prose blockquote,
  .prose .table,
  .prose soma-code {
    margin: var(--s3) 0;
  }
  .prose h2,
  .prose h3,
  .prose h4 {
    margin: var(--s5) 0 var(--s2);
    font-size: 1.08em;
    font-weight: 650;
    line-height: 1.35;
  }
  .prose h3,
  .prose h4 {
    margin-top: var(--s4);
    font-size: 1em;
  }
  .prose ul,
  .prose ol {
    padding-left: var(--s5);
    list-style: disc;
  }
  .prose ol {
    list-style: decimal;
  }
  .prose li {
    margin: var(--s1) 0;
  }
  .prose li::marker {
    color: var(--ink-soft);
  }
  .prose li > ul,
  .prose li > ol,
  .prose li > p {
    margin: var(--s1) 0;
  }
  .prose blockquote {
    padding-left: var(--s3);
    border-left: 2px solid var(--outline);
    color: var(--ink-soft);
  }
  .prose code {
    padding: 1px 4px;
    border-radius: 4px;
    background: var(--pressed);
  }
  .prose hr {
    margin: var(--s5) 0;
    border: 0;
    border-top: 1px solid var(--hairline);
  }
  .prose .table {
    overflow-x: auto;
  }
  .prose table {
    border-collapse: collapse;
    font-size: var(--size-small);
    font-variant-numeric: tabular-nums;
  }
  .prose th,
  .prose td {
    padding: var(--s1) var(--s4) var(--s1) 0;
    border-bottom: 1px solid var(--hairline);
    text-align: left;
    vertical-align: top;
  }
  .prose th {
    font-weight: 600;
  }
  .prose .right {
    text-align: right;
  }
  .prose .center {
    text-align: center;
  }
`,to={},no=Kr(class extends qr{constructor(){super(...arguments),this.ot=to}render(e,t){return t()}update(e,[t,n]){if(Array.isArray(t)){if(Array.isArray(this.ot)&&this.ot.length===t.length&&t.every((e,t)=>e===this.ot[t]))return x}else if(this.ot===t)return x;return this.ot=Array.isArray(t)?Array.from(t):t,this.render(t,n)}});async function ro(e){try{return await navigator.clipboard.writeText(e),!0}catch{return io(e)}}function io(e){let t=document.activeElement,n=document.createElement(`textarea`);n.value=e,n.className=`clipboard`,n.setAttribute(`aria-hidden`,`true`),document.body.append(n),n.select();let r=document.execCommand(`copy`);return n.remove(),t instanceof HTMLElement&&t.focus(),r}var ao=class extends C{static properties={text:{attribute:!1},language:{attribute:!1},wrapped:{state:!0},copied:{state:!0}};static styles=[T,E,o`
      :host {
        display: block;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--sunken);
      }
      header {
        display: flex;
        align-items: center;
        gap: var(--s1);
        padding: 0 var(--s1) 0 var(--s3);
        border-bottom: 1px solid var(--hairline);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      header span {
        flex: 1;
      }
      button.plain {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      pre {
        margin: 0;
        padding: var(--s3);
        overflow-x: auto;
        font: var(--size-small) / 1.5 var(--mono);
        tab-size: 4;
      }
      pre.wrapped {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `];constructor(){super(),this.text=``,this.language=``,this.wrapped=!1,this.copied=!1}render(){return y`<header>
        <span>${(this.language.split(/\s/)[0]??``)||`text`}</span>
        <button class="plain" type="button" aria-pressed=${this.wrapped} @click=${()=>this.wrapped=!this.wrapped}>
          Wrap
        </button>
        <button class="plain" type="button" @click=${()=>void this.#e()}>
          ${w(this.copied?`done`:`copy`)} ${this.copied?`Copied`:`Copy`}
        </button>
      </header>
      <pre class=${this.wrapped?`wrapped`:``} tabindex="0" role="group" aria-label="Code"><code>${this.text}</code></pre>`}async#e(){this.copied=await ro(this.text),setTimeout(()=>this.copied=!1,2e3)}};customElements.define(`soma-code`,ao);var oo=/^(https?:|mailto:)/i,so={amp:`&`,lt:`<`,gt:`>`,quot:`"`,apos:`'`,nbsp:`\xA0`};function co(e){return e.map(e=>no([e.token.type,e.token.raw],()=>lo(e.token)))}function lo(e){switch(e.type){case`heading`:return uo(e);case`paragraph`:return y`<p>${Q(e.tokens)}</p>`;case`text`:return y`${Q(e.tokens??[e])}`;case`code`:return y`<soma-code .text=${e.text} .language=${e.lang??``}></soma-code>`;case`blockquote`:return y`<blockquote>${e.tokens.map(lo)}</blockquote>`;case`list`:return fo(e);case`table`:return po(e);case`hr`:return y`<hr />`;case`html`:return y`<p>${e.raw}</p>`;default:return S}}function uo(e){let t=Q(e.tokens);switch(e.depth){case 1:case 2:return y`<h2>${t}</h2>`;case 3:return y`<h3>${t}</h3>`;default:return y`<h4>${t}</h4>`}}function fo(e){let t=e.items.map(e=>y`<li>${e.tokens.map(lo)}</li>`);return e.ordered?y`<ol start=${e.start===``?1:e.start}>${t}</ol>`:y`<ul>${t}</ul>`}function po(e){let t=e=>e.map(e=>y`<td class=${e.align??``}>${Q(e.tokens)}</td>`);return y`<div class="table" tabindex="0" role="group" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${e.header.map(e=>y`<th class=${e.align??``} scope="col">${Q(e.tokens)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${e.rows.map(e=>y`<tr>${t(e)}</tr>`)}
      </tbody>
    </table>
  </div>`}function Q(e){return e.map(mo)}function mo(e){switch(e.type){case`strong`:return y`<strong>${Q(e.tokens)}</strong>`;case`em`:return y`<em>${Q(e.tokens)}</em>`;case`del`:return y`<del>${Q(e.tokens)}</del>`;case`codespan`:return y`<code>${e.text}</code>`;case`br`:return y`<br />`;case`link`:return ho(e);case`image`:return y`<span class="quiet">[image: ${e.text||`without a description`}]</span>`;case`checkbox`:return e.checked?`☑ `:`☐ `;case`text`:{let{tokens:t,text:n}=e;return t===void 0?go(n):y`${Q(t)}`}case`escape`:return e.text;default:return e.raw}}function ho(e){let t=Q(e.tokens);return oo.test(e.href)?y`<a href=${e.href} target="_blank" rel="noopener noreferrer">${t}</a>`:y`${t}`}function go(e){return e.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi,(e,...t)=>{let[n,r,i]=t;if(i!==void 0)return so[i]??e;let a=n===void 0?parseInt(r??``,16):parseInt(n,10);return a>0&&a<=1114111?String.fromCodePoint(a):e})}var _o={good:`RATING_GOOD`,bad:`RATING_BAD`,none:`RATING_UNSPECIFIED`};async function vo(e,t,n,r){let i=t.rated;t.ratedUntil=1/0,yo(t,n);try{await e.post(`/api/v1/chat/turns/${encodeURIComponent(t.turnId)}:rate`,{rating:_o[n],text:r})}catch(e){throw yo(t,i),e}finally{t.ratedUntil=performance.now()}}function yo(e,t){e.rated=t,e.changed.beat()}var bo=class extends z{static properties={entry:{attribute:!1},turning:{state:!0}};static styles=[T,E,o`
      :host {
        display: inline-flex;
        align-items: center;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      [role="group"] {
        display: contents;
      }
      button.icon {
        width: 28px;
        min-height: 28px;
      }
    `];constructor(){super(),this.turning=!1}watched(){return[this.entry.changed,this.store.turns.running]}firstUpdated(){this.store.talk.takeTurned(this.entry)&&this.renderRoot.querySelector(`button:not(:disabled)`)?.focus()}render(){let{number:e,count:t}=this.entry.siblings;if(t<2)return S;let n=this.entry.role===`user`?`question`:`answer`;return y`<div role="group" aria-label=${`Version ${e} of ${t} of the ${n}`} @keydown=${e=>this.#n(e)}>
      ${this.#e(`left`,`The ${n} before`,e-1)}
      <span>${e}/${t}</span>
      ${this.#e(`right`,`The ${n} after`,e+1)}
    </div>`}#e(e,t,n){return y`<button class="plain icon" type="button" aria-label=${t} title=${t} ?disabled=${!this.#t(n)} @click=${()=>void this.#r(n)}>
      ${w(e)}
    </button>`}#t(e){return!this.turning&&this.store.turns.running.value===void 0&&this.entry.messageId!==``&&e>=1&&e<=this.entry.siblings.count}#n(e){let t=this.entry.siblings.number+(e.key===`ArrowLeft`?-1:+(e.key===`ArrowRight`));t!==this.entry.siblings.number&&this.#t(t)&&(e.preventDefault(),this.#r(t))}async#r(e){let{talk:t,layout:n}=this.store;this.turning=!0;try{await t.turnTo(this.entry,e),n.announce(`Version ${e} of ${this.entry.siblings.count} is shown.`)}catch(e){n.tell(O(e))}finally{this.turning=!1}}};customElements.define(`soma-branch-switch`,bo);var xo=1e3,So=class extends z{static properties={entry:{attribute:!1},copied:{state:!0},wording:{state:!0}};static styles=[T,E,o`
      :host {
        display: block;
        margin: var(--s1) 0 0 -8px;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0 var(--s1);
      }
      button {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      button.icon {
        width: 28px;
        padding: 0;
      }
      .line {
        min-width: 0;
        text-align: left;
      }
      .line svg {
        flex: none;
      }
      @media (max-width: 560px) {
        .line {
          flex: 1 1 100%;
          justify-content: flex-start;
          white-space: nowrap;
          overflow: hidden;
        }
      }
      button[aria-pressed="true"] {
        background: var(--accent-soft);
        color: var(--accent);
      }
      form {
        display: flex;
        gap: var(--s1);
        max-width: 480px;
        margin: var(--s1) 0 0 8px;
      }
      input {
        flex: 1;
        min-width: 0;
        font-size: var(--size-small);
      }
      form button {
        min-height: 32px;
      }
    `];constructor(){super(),this.copied=!1,this.wording=!1}watched(){return[this.entry.changed,this.store.turns.running]}render(){let{entry:e}=this,t=this.store.turns.running.value!==void 0;return y`<div class="row">
        ${this.#e()}
        ${e.text===``?S:this.#t(this.copied?`done`:`copy`,this.copied?`Copied`:`Copy the answer`,()=>void this.#a())}
        ${e.problem===void 0?y`<button class="plain icon" type="button" aria-label="Answer again" title="Answer again" ?disabled=${t} @click=${()=>this.store.turns.regenerate(e)}>
              ${w(`again`)}
            </button>`:S}
        <soma-branch-switch .store=${this.store} .entry=${e}></soma-branch-switch>
        ${e.turnId===``?S:y`${this.#n(`good`,`good`,`Good answer`)} ${this.#n(`bad`,`poor`,`Bad answer`)}`}
      </div>
      ${this.wording?this.#r():S}`}#e(){let{receiptId:e}=this.entry;if(e===``)return S;let t=this.#i();return y`<button
      class="plain line"
      type="button"
      title="Open the receipt"
      aria-label=${`Receipt: ${t}`}
      @click=${()=>this.store.showReceipt(e)}
    >
      ${w(`receipt`)} ${t}
    </button>`}#t(e,t,n){return y`<button class="plain icon" type="button" aria-label=${t} title=${t} @click=${n}>${w(e)}</button>`}#n(e,t,n){let r=this.entry.rated===e;return y`<button
      class="plain icon"
      type="button"
      aria-label=${n}
      title=${n}
      aria-pressed=${r}
      @click=${()=>void this.#o(r?`none`:e)}
    >
      ${w(t)}
    </button>`}#r(){let e=this.entry.rated===`good`?`What was good about it?`:`What was wrong with it?`;return y`<form @submit=${e=>void this.#s(e)} @keydown=${e=>this.#l(e)}>
      <input type="text" aria-label=${e} placeholder=${`${e} (if you like)`} maxlength=${xo} autocomplete="off" />
      <button type="submit">Send</button>
      <button class="plain icon" type="button" aria-label="Say nothing more" title="Say nothing more" @click=${()=>this.wording=!1}>
        ${w(`close`)}
      </button>
    </form>`}#i(){let{entry:e}=this,t=(e.usage?.input_tokens??0)+(e.usage?.output_tokens??0),n=e.firstTokenMs>0?`${xt(e.firstTokenMs)} to first token`:e.model;return[e.level,`${k(t)} tokens`,vt(e.costMicros),n].filter(e=>e!==``).join(` · `)}async#a(){this.copied=await ro(this.entry.text),this.store.layout.announce(this.copied?`Copied.`:`The browser did not allow copying.`),setTimeout(()=>this.copied=!1,2e3)}async#o(e){this.wording=e!==`none`,await this.#c(e,``)?this.store.layout.announce(e===`none`?`The rating is taken back.`:`Rated. You can say why.`):this.wording=!1}async#s(e){e.preventDefault();let t=this.renderRoot.querySelector(`input`)?.value.trim()??``;(t===``||await this.#c(this.entry.rated,t))&&(this.wording=!1,this.store.layout.announce(`Thank you.`))}async#c(e,t){try{return await vo(this.store.rest,this.entry,e,t),this.store.receipts.renew(this.entry.receiptId),!0}catch(e){return this.store.layout.tell(O(e)),!1}}#l(e){e.key===`Escape`&&(e.preventDefault(),this.wording=!1)}};customElements.define(`soma-answer-foot`,So);var Co=class extends z{static properties={entry:{attribute:!1}};static styles=[T,E,o`
      :host {
        display: block;
      }
      .said {
        position: relative;
      }
      .said > button {
        position: absolute;
        top: 5px;
        right: 5px;
        width: 28px;
        min-height: 28px;
      }
      .asked {
        padding: var(--s2) 40px var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      soma-branch-switch {
        display: flex;
        margin: 2px 0 0 -8px;
      }
      form {
        display: grid;
        gap: var(--s2);
        padding: var(--s2);
        border: 1px solid var(--accent);
        border-radius: var(--corner);
        background: var(--raised);
      }
      textarea {
        width: 100%;
        max-height: 50dvh;
        border: 0;
        background: none;
        resize: none;
        line-height: 1.6;
        field-sizing: content;
      }
      textarea:focus-visible {
        outline: none;
      }
      .end {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: flex-end;
        gap: var(--s2);
      }
      .end .quiet {
        flex: 1;
        min-width: 12ch;
      }
    `];watched(){return[this.entry.changed,this.store.turns.running,this.store.layout.editing]}get#e(){return this.store.layout.editing.value===this.entry}render(){if(this.#e)return this.#t();let{entry:e}=this,t=this.store.turns.running.value!==void 0;return y`<div class="said">
        <div class="asked">${e.text}</div>
        <button
          class="plain icon"
          type="button"
          aria-label="Edit the question"
          title="Edit the question"
          ?disabled=${t||e.messageId===``}
          @click=${()=>this.store.layout.editing.value=e}
        >
          ${w(`pen`)}
        </button>
      </div>
      <soma-branch-switch .store=${this.store} .entry=${e}></soma-branch-switch>`}#t(){return y`<form @submit=${e=>this.#i(e)} @keydown=${e=>this.#r(e)}>
      <textarea aria-label="The question, edited" rows="1" .value=${this.entry.text}></textarea>
      <div class="end">
        <span class="quiet tiny">The old question and its answer stay beside it.</span>
        <button type="button" @click=${()=>this.#a()}>Cancel</button>
        <button class="main" type="submit">Send</button>
      </div>
    </form>`}updated(){if(this.#e&&!this.#n){let e=this.renderRoot.querySelector(`textarea`);e?.focus(),e?.setSelectionRange(e.value.length,e.value.length),this.scrollIntoView({block:`nearest`})}this.#n=this.#e}#n=!1;#r(e){e.key===`Escape`?(e.preventDefault(),this.#a()):e.key===`Enter`&&!e.shiftKey&&!e.isComposing&&e.target instanceof HTMLTextAreaElement&&this.#i(e)}#i(e){e.preventDefault();let t=this.renderRoot.querySelector(`textarea`)?.value??``;t.trim()!==``&&this.store.turns.running.value===void 0&&(this.#a(),this.store.turns.edit(this.entry,t))}#a(){this.store.layout.editing.value=void 0,this.dispatchEvent(new CustomEvent(`soma-done`,{bubbles:!0,composed:!0}))}};customElements.define(`soma-question`,Co);function wo(e){try{return JSON.stringify(JSON.parse(e),null,2)}catch{return e}}function To(e){let t;try{t=JSON.parse(e)}catch{return}if(typeof t==`object`&&t&&!Array.isArray(t))return Object.entries(t).map(([e,t])=>[e,typeof t==`string`?t:JSON.stringify(t,null,2)])}var Eo=1e3,Do=[`CALL_RESOLVED`,`RESOURCE_NOT_FOUND`],Oo=class extends z{static properties={entry:{attribute:!1},use:{attribute:!1},sent:{state:!0},problem:{state:!0}};static styles=[T,E,o`
      section {
        margin: 0 0 var(--s3);
        padding: var(--s3) var(--s4);
        border: 1px solid var(--warn);
        border-radius: var(--corner);
        background: var(--raised);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      p {
        margin-top: var(--s1);
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, auto) minmax(0, 1fr);
        gap: var(--s1) var(--s4);
      }
      .given {
        max-height: 280px;
        margin-top: var(--s3);
        padding: var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        overflow-y: auto;
      }
      dt {
        max-width: 20ch;
        color: var(--ink-soft);
        overflow-wrap: anywhere;
      }
      dd,
      pre {
        margin: 0;
        font: var(--size-small) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      pre {
        margin-top: var(--s3);
      }
      form {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2);
        margin-top: var(--s3);
      }
      input {
        flex: 1 1 180px;
        min-width: 0;
      }
      @media (max-width: 560px) {
        input {
          flex-basis: 100%;
        }
      }
      .bad {
        color: var(--bad);
      }
    `];constructor(){super(),this.sent=``,this.problem=``}watched(){return[this.store.layout.approvalSought]}render(){let{use:e}=this;return y`<section aria-labelledby="ask" aria-describedby="why" tabindex="-1">
      <h2 id="ask">May <code>${e.name}</code> run?</h2>
      <p id="why" class="quiet">${e.consent?.sentence}${this.#e()}</p>
      ${this.#t()} ${this.sent===``?this.#n():y`<p role="status">${ko[this.sent]}</p>`}
      ${this.problem===``?S:y`<p class="bad" role="alert">${this.problem}</p>`}
    </section>`}updated(){if(this.store.layout.takeApprovalWish()){let e=this.renderRoot.querySelector(`section`);e?.scrollIntoView({block:`center`}),e?.focus()}}#e(){let e=this.use.consent?.expireTime??``;return e===``?``:` Without a decision it is denied on ${P(e)}.`}#t(){let e=To(this.use.args);return e===void 0?y`<pre tabindex="0" role="group" aria-label="Arguments">${this.use.args}</pre>`:e.length===0?y`<p class="quiet">It takes no arguments.</p>`:y`<div class="given" tabindex="0" role="group" aria-label="Arguments">
          <dl>${e.map(([e,t])=>y`<dt>${e}</dt><dd>${t}</dd>`)}</dl>
        </div>`}#n(){return y`<form @submit=${e=>e.preventDefault()}>
      <input type="text" aria-label="A word to the model" placeholder="A word to the model (if you like)" maxlength=${Eo} autocomplete="off" />
      <button class="main" type="button" @click=${()=>void this.#r(`approve`)}>Approve</button>
      <button class="danger" type="button" @click=${()=>void this.#r(`deny`)}>Deny</button>
    </form>`}async#r(e){let{use:t,entry:n}=this,r=this.renderRoot.querySelector(`input`)?.value.trim()??``;this.problem=``,this.sent=e;try{await this.store.approvals.decide(n.turnId,t.callId,t.consent?.hash??``,e,r),this.store.layout.announce(e===`approve`?`Approved. The answer goes on.`:`Denied. The answer goes on without it.`)}catch(e){let t=O(e);this.sent=Do.includes(t.code)?`elsewhere`:``,this.problem=this.sent===``?t.message:``}this.dispatchEvent(new CustomEvent(`soma-done`,{bubbles:!0,composed:!0}))}},ko={approve:`Approved. It runs now.`,deny:`Denied. The model is told.`,elsewhere:`It was decided elsewhere; the answer goes on by that decision.`};customElements.define(`soma-approval`,Oo);var Ao={consent:`waits for you`,running:`running`,open:`not finished`,client:`asked for`,done:`done`,failed:`failed`,denied:`denied`,unknown:`outcome unknown`},jo={open:`The turn ended before it did.`,client:`The program that sent the message runs it.`,denied:`It did not run.`,unknown:`It was sent, and nobody knows whether it had its effect; it is not sent again.`},Mo=class extends z{static properties={entry:{attribute:!1},use:{attribute:!1}};static styles=[T,E,o`
      :host {
        display: block;
        border-bottom: 1px solid var(--hairline);
        font-size: var(--size-small);
      }
      summary {
        display: flex;
        align-items: center;
        gap: var(--s2);
        min-height: 32px;
        padding: 0 var(--s1);
        color: var(--ink-soft);
        cursor: pointer;
        list-style: none;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary::after {
        content: "";
        flex: none;
        width: 6px;
        height: 6px;
        margin: 0 4px 0 auto;
        border: solid currentColor;
        border-width: 0 1.4px 1.4px 0;
        rotate: 45deg;
        translate: 0 -2px;
      }
      details[open] > summary::after {
        rotate: 225deg;
        translate: 0 2px;
      }
      summary svg {
        flex: none;
      }
      .name {
        min-width: 0;
        color: var(--ink);
      }
      .state {
        flex: none;
      }
      .state.failed,
      .state.unknown,
      .state.denied {
        color: var(--bad);
      }
      .state.consent {
        color: var(--warn);
      }
      .body {
        display: grid;
        gap: var(--s2);
        padding: var(--s1) var(--s1) var(--s3) 28px;
      }
      .decided {
        padding: 0 var(--s1) var(--s2) 28px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        overflow-wrap: anywhere;
      }
      .label {
        margin-bottom: 2px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      pre {
        max-height: 320px;
        margin: 0;
        padding: var(--s2) var(--s3);
        border-radius: var(--corner);
        background: var(--sunken);
        font: var(--size-tiny) / 1.5 var(--mono);
        white-space: pre-wrap;
        overflow: auto;
        overflow-wrap: anywhere;
      }
    `];render(){let{use:e}=this,t=e.milliseconds>0?xt(e.milliseconds):``;return y`<details>
        <summary>
          ${w(`tool`)} <code class="name cut">${e.name}</code>
          <span class=${`state ${e.state}`}>${Ao[e.state]}${t===``?``:` · ${t}`}</span>
        </summary>
        <div class="body">
          ${jo[e.state]===void 0?S:y`<p class="quiet">${jo[e.state]}</p>`}
          <div>
            <p class="label">Arguments</p>
            <pre tabindex="0" role="group" aria-label="Arguments">${wo(e.args)||`none`}</pre>
          </div>
          ${e.content===``?S:y`<div>
                <p class="label">${e.state===`done`?`Result`:`What came back`}</p>
                <pre tabindex="0" role="group" aria-label="Result">${wo(e.content)}${e.truncated?` …`:``}</pre>
                ${e.truncated?y`<p class="quiet tiny">The model read more than is shown here.</p>`:S}
              </div>`}
        </div>
      </details>
      ${this.#e()}
      ${e.state===`consent`&&this.entry.running?y`<soma-approval .store=${this.store} .entry=${this.entry} .use=${e}></soma-approval>`:S}`}#e(){let{consent:e}=this.use;if(e===void 0||e.decision===``)return S;let{decidedBy:t,decision:n,note:r}=e,i=t===this.store.mesh.userId?`you`:t;return y`<p class="decided">${t===`policy`?`Nobody decided in time, so it was denied.`:`${n===`approve`?`Approved`:`Denied`}${i===``?``:` by ${i}`}.`}${r===``?``:` “${r}”`}</p>`}};customElements.define(`soma-tool`,Mo);var No=250,Po={BUDGET_EXHAUSTED:{tab:`budget`,name:`Open the budgets`},RATE_LIMITED:{tab:`budget`,name:`Open the limits`},LEVEL_TOO_LOW:{tab:`level`,name:`Open the level`},AGENT_FROZEN:{tab:`mind`,name:`Open the mind`}},Fo=class extends z{static properties={entry:{attribute:!1}};pieces=new Za;static styles=[T,E,D,eo,o`
      :host {
        display: block;
        padding-bottom: var(--s5);
      }
      .who {
        display: flex;
        align-items: baseline;
        gap: var(--s2);
        margin-bottom: var(--s1);
        font-size: var(--size-small);
        font-weight: 600;
      }
      .who time {
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        font-weight: 400;
      }
      .notice,
      .problem {
        margin: var(--s2) 0;
      }
      .notice.row {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2);
      }
      details {
        margin: var(--s2) 0;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      summary {
        width: fit-content;
        cursor: pointer;
      }
      details p {
        padding: var(--s2) 0 0 var(--s3);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .waiting {
        width: 30%;
        height: 14px;
        margin: 5px 0;
        border-radius: 4px;
        background: var(--pressed);
      }
      .seam {
        display: flex;
        align-items: center;
        gap: var(--s3);
        margin: var(--s3) 0;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .seam::before,
      .seam::after {
        content: "";
        flex: 1;
        border-top: 1px solid var(--hairline);
      }
      .tools {
        margin: var(--s3) 0;
        border-top: 1px solid var(--hairline);
      }
    `];watched(){return[this.entry.changed]}async scheduleUpdate(){this.hasUpdated&&this.entry.running&&await new Promise(e=>{document.hidden?setTimeout(e,No):requestAnimationFrame(()=>e())}),super.scheduleUpdate()}render(){let{entry:e}=this,t=e.role===`user`;return y`<article aria-label=${t?`You`:`Answer`} aria-busy=${e.running&&e.asking===void 0}>
      <div class="who"><span>${t?`You`:`Soma`}</span><time>${Ct(e.time)}</time></div>
      ${t?y`<soma-question .store=${this.store} .entry=${e}></soma-question>`:this.#e()}
    </article>`}#e(){let{entry:e}=this;return y`
      ${e.notices.map(Io)}
      ${e.reasoning===``?S:y`<details><summary>Reasoning</summary><p>${e.reasoning}</p></details>`}
      ${this.pieces.of(e.text,e.tools,e.seams,!e.running).map(e=>this.#t(e))}
      ${e.state===`waiting`&&e.asking===void 0?y`<div class="waiting"></div>`:S}
      ${e.problem===void 0?this.#n():this.#i(e.problem)}
      ${e.resting&&e.state===`done`?y`<div class="notice row">
            <button class="main" type="button" @click=${()=>this.store.turns.regenerate(e,!0)}>Wake and answer</button>
            <button type="button" @click=${()=>this.store.layout.openDrawer(`mind`)}>Open the mind</button>
          </div>`:S}
      ${e.running?S:y`<soma-answer-foot .store=${this.store} .entry=${e}></soma-answer-foot>`}
    `}#t(e){switch(e.kind){case`text`:return y`<div class="prose">${co(e.blocks)}</div>`;case`seam`:return y`<p class="seam" role="note" title=${e.seam.detail}>${e.seam.sentence}</p>`;case`tools`:return y`<ul class="tools" aria-label="Tools">
          ${ri(e.tools,e=>e.callId,e=>y`<li><soma-tool .store=${this.store} .entry=${this.entry} .use=${e}></soma-tool></li>`)}
        </ul>`}}#n(){let{state:e,text:t}=this.entry;return e===`stopped`?y`<p class="notice">${t===``?`Stopped before anything was written.`:`Stopped. What was written is kept.`}</p>`:e===`failed`?y`<p class="notice">This answer was cut short; what was written is kept.</p>`:S}async#r(){try{await this.store.sleep.wake(this.store.thread.agentId),this.entry.retry?.()}catch(e){this.store.layout.tell(O(e))}}#i(e){let{retry:t}=this.entry,n=e.retryAfter===void 0?``:` You can try again in ${bt(e.retryAfter)}.`,r=Po[e.code];return y`<div class="problem" role="alert">
      <p>${e.message}${n}</p>
      <div class="row">
        ${e.code===`AGENT_FROZEN`&&this.store.mesh.isOperator?y`<button class="main" type="button" @click=${()=>void this.#r()}>Wake it and send again</button>`:S}
        ${t===void 0?S:y`<button type="button" @click=${t}>Try again</button>`}
        ${r===void 0?S:y`<button type="button" @click=${()=>this.store.layout.openDrawer(r.tab)}>${r.name}</button>`}
        <span class="quiet tiny">${e.code}${e.errorId===``?``:y` · id <code>${e.errorId}</code>`}</span>
      </div>
    </div>`}};function Io(e){let t=e.level===``||e.level===`L0`?S:y`<strong>${e.level}</strong> `;return y`<p class=${t===S?`notice`:`notice warn`}>${t}${e.text}</p>`}customElements.define(`soma-message`,Fo);var Lo=`.venv/bin/somastack model add openai`,Ro=[{ask:`Remember that my cat is called Miso and loves rain.`,shows:`It is learned, and the tab Memory finds it.`},{ask:`How many hours are there in 17 weeks? Calculate it.`,shows:`A tool calculates: a row in the answer that unfolds.`},{ask:`What can you do, in three sentences?`,shows:`The line under the answer opens its receipt: what was read, what was left out, what it cost.`}],zo=class extends z{static properties={copied:{state:!0}};static styles=[T,E,D,o`
      :host {
        display: block;
        padding-top: min(14dvh, 128px);
      }
      h2 {
        margin-bottom: var(--s2);
        font-size: 22px;
        letter-spacing: -0.01em;
        line-height: 1.3;
      }
      ul {
        margin-top: var(--s5);
        border-top: 1px solid var(--hairline);
      }
      li {
        border-bottom: 1px solid var(--hairline);
      }
      li button {
        display: grid;
        grid-template-columns: 1fr auto;
        align-items: center;
        gap: 0 var(--s3);
        width: 100%;
        padding: var(--s3) var(--s2);
        border: 0;
        border-radius: 0;
        background: none;
        text-align: left;
      }
      li .small {
        grid-column: 1;
      }
      li svg {
        grid-area: 1 / 2 / 3;
        color: var(--ink-soft);
        rotate: 90deg;
      }
      .command {
        display: flex;
        align-items: center;
        gap: var(--s2);
        margin-top: var(--s2);
        padding: 2px 2px 2px var(--s3);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--ground);
      }
      .command code {
        flex: 1;
        min-width: 0;
        overflow-x: auto;
        white-space: nowrap;
      }
      .notice {
        margin-top: var(--s5);
      }
      @media (max-width: 899.98px) {
        :host {
          padding-top: var(--s5);
        }
      }
    `];constructor(){super(),this.copied=!1}watched(){return[this.store.mesh.models]}render(){return y`
      <h2>What shall we do?</h2>
      <p class="quiet">Every answer comes with a receipt, and what matters is remembered.</p>
      ${this.store.mesh.withoutModel?this.#e():S}
      <ul>
        ${Ro.map(({ask:e,shows:t})=>y`<li>
            <button type="button" @click=${()=>this.#t(e)}>
              <span>${e}</span><span class="quiet small">${t}</span>${w(`up`)}
            </button>
          </li>`)}
      </ul>
    `}#e(){return y`<div class="notice warn">
      <p>No model is configured: the offline one shows what would have been sent. This adds one, and asks for the key:</p>
      <div class="command">
        <code tabindex="0">${Lo}</code>
        <button class="plain" type="button" @click=${()=>void this.#n()}>
          ${w(this.copied?`done`:`copy`)} ${this.copied?`Copied`:`Copy`}
        </button>
      </div>
    </div>`}#t(e){this.dispatchEvent(new CustomEvent(`soma-ask`,{detail:e,bubbles:!0,composed:!0}))}async#n(){this.copied=await ro(Lo),setTimeout(()=>this.copied=!1,2e3)}};customElements.define(`soma-welcome`,zo);var Bo=48,Vo=800,Ho=class extends z{static properties={away:{state:!0}};static styles=[T,E,D,o`
      :host {
        position: relative;
        display: block;
        min-height: 0;
      }
      .scroll {
        height: 100%;
        padding: var(--s5);
        overflow-y: auto;
        overflow-anchor: none;
        scrollbar-gutter: stable both-edges;
      }
      .scroll:focus-visible {
        outline-offset: -2px;
      }
      .column {
        max-width: var(--column);
        margin: 0 auto;
      }
      li {
        content-visibility: auto;
        contain-intrinsic-size: auto 120px;
      }
      li:last-child,
      li:nth-last-child(2) {
        content-visibility: visible;
      }
      li.sought {
        margin: 0 calc(-1 * var(--s3));
        padding: var(--s2) var(--s3) 0;
        border-radius: var(--corner);
        background: var(--accent-soft);
        content-visibility: visible;
      }
      .older {
        padding-bottom: var(--s4);
        text-align: center;
      }
      .latest {
        position: absolute;
        bottom: var(--s2);
        left: 50%;
        translate: -50%;
        font-size: var(--size-small);
      }
      .bone {
        height: 14px;
        margin: var(--s3) 0;
        border-radius: 4px;
        background: var(--pressed);
      }
      .bone.short {
        width: 55%;
      }
      @media (max-width: 899.98px) {
        .scroll {
          padding: var(--s3);
          scrollbar-gutter: auto;
        }
      }
    `];#e=!0;#t=0;#n=new ResizeObserver(()=>this.#s());constructor(){super(),this.away=!1}watched(){let{talk:e,thread:t}=this.store;return[t.entries,e.opening,e.problem,e.loadingOlder,e.sought]}render(){let{entries:e}=this.store.thread;return y`
      <div class="scroll" tabindex="0" role="region" aria-label="Conversation" @scroll=${()=>this.#c()}>
        <div class="column">${this.#r()}</div>
      </div>
      ${this.away&&e.value.length>0?y`<button class="latest" type="button" @click=${()=>this.#l()}>${w(`down`)} Jump to latest</button>`:S}
    `}#r(){let{talk:e,thread:t}=this.store,n=t.entries.value;return e.problem.value!==void 0&&n.length===0?y`<p class="problem" role="alert">${e.problem.value.message}</p>`:e.opening.value?y`<div role="status" aria-label="Opening the conversation">
        <div class="bone short"></div>
        <div class="bone"></div>
        <div class="bone"></div>
        <div class="bone short"></div>
      </div>`:n.length===0?y`<soma-welcome .store=${this.store}></soma-welcome>`:y`
      ${e.problem.value===void 0?S:y`<p class="problem" role="alert">${e.problem.value.message}</p>`}
      ${e.hasOlder?y`<div class="older">
            <button class="plain" type="button" ?disabled=${e.loadingOlder.value} @click=${()=>void e.loadOlder()}>
              ${e.loadingOlder.value?`Reading older messages`:`Show older messages`}
            </button>
          </div>`:S}
      <ol>
        ${ri(n,e=>e.key,t=>y`<li class=${t===e.sought.value?`sought`:``} tabindex=${t===e.sought.value?`-1`:S}><soma-message .store=${this.store} .entry=${t}></soma-message></li>`)}
      </ol>
    `}firstUpdated(){let e=this.renderRoot.querySelector(`.column`);e!==null&&this.#n.observe(e),this.#n.observe(this)}willUpdate(){let e=this.store.thread.entries.value,t=e.at(-1);e!==this.#i&&(t?.state===`waiting`||e.length===0||this.#i.length===0)&&(this.#e=!0),this.#a=this.#i.length>0&&e.at(-1)===this.#i.at(-1)&&e[0]!==this.#i[0],this.#i=e}#i=[];#a=!1;updated(){let{value:e}=this.store.talk.sought;if(e!==this.#o){this.#o=e;let t=this.renderRoot.querySelector(`li.sought`);t!==null&&(this.#e=!1,t.scrollIntoView({block:`center`}),t.focus({preventScroll:!0}))}}#o;#s(){let e=this.#u;e!==null&&(this.#e?e.scrollTop=e.scrollHeight:this.#a&&=(e.scrollTop+=e.scrollHeight-this.#t,!1),this.#t=e.scrollHeight)}#c(){let e=this.#u;if(e===null)return;let t=e.scrollHeight-e.scrollTop-e.clientHeight;this.#e=t<Bo,this.away=!this.#e,this.away&&e.scrollTop<Vo&&this.store.talk.hasOlder&&this.store.talk.loadOlder()}#l(){this.#e=!0,this.away=!1,this.#s(),this.#u?.focus()}get#u(){return this.renderRoot.querySelector(`.scroll`)}};customElements.define(`soma-thread`,Ho);var Uo=65536,Wo=new TextEncoder,Go=Lr()?`⌘`:`Ctrl`,Ko=class extends z{static properties={draft:{state:!0}};static styles=[T,E,o`
      :host {
        display: block;
        padding: 1px var(--s5) var(--s3);
        overflow: hidden;
        scrollbar-gutter: stable both-edges;
      }
      form {
        display: flex;
        align-items: flex-end;
        gap: var(--s2);
        width: 100%;
        max-width: var(--column);
        margin: 0 auto;
        padding: 6px;
        border: 1px solid var(--outline);
        border-radius: 10px;
        background: var(--raised);
      }
      form:focus-within {
        border-color: var(--accent);
        outline: 1px solid var(--accent);
      }
      textarea {
        flex: 1;
        min-height: 32px;
        max-height: 40dvh;
        padding: var(--s1) var(--s2);
        border: 0;
        outline: none;
        background: none;
        resize: none;
        line-height: 1.6;
        field-sizing: content;
      }
      textarea:focus-visible {
        outline: none;
      }
      .queue {
        max-width: var(--column);
        margin: 0 auto var(--s2);
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        background: var(--sunken);
        font-size: var(--size-small);
      }
      .queue li {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 2px 0 var(--s3);
      }
      .queue li + li {
        border-top: 1px solid var(--hairline);
      }
      .queue svg {
        flex: none;
      }
      .queue .cut {
        flex: 1;
      }
      .hint {
        max-width: var(--column);
        margin: var(--s1) auto 0;
        padding: 0 var(--s2);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .hint.bad {
        color: var(--bad);
      }
      .now {
        padding: 0 var(--s2);
        font-size: var(--size-small);
      }
      @media (max-width: 899.98px) {
        :host {
          padding: 1px var(--s3) var(--s2);
          scrollbar-gutter: auto;
        }
        .hint:not(.bad) {
          display: none;
        }
      }
    `];constructor(){super(),this.draft=``}watched(){let{turns:e,thread:t}=this.store;return[e.running,e.queue,t.conversationId,t.entries]}render(){let{busy:e}=this.store.turns,t=Wo.encode(this.draft).length,n=t>Uo||this.draft.trim()===``;return y`${this.#t()}
      <form @submit=${e=>this.#a(e,`enqueue`)}>
        <textarea
          rows="1"
          aria-label="Message"
          placeholder=${e?`Write what comes next`:`Write a message`}
          autocomplete="off"
          aria-invalid=${t>Uo}
          .value=${this.draft}
          @input=${e=>this.draft=e.target.value}
          @keydown=${e=>this.#i(e)}
        ></textarea>
        ${e?this.#e(n):S}
        ${e&&n?S:y`<button class="main icon" type="submit" aria-label=${e?`Send after this answer`:`Send`} title=${e?`Send after this answer (Enter)`:`Send (Enter)`} ?disabled=${n}>
              ${w(e?`wait`:`up`)}
            </button>`}
      </form>
      ${this.#r(e,t)}`}#e(e){return y`${e?S:y`<button class="plain now" type="button" title=${`Stop and send (${Go} Enter)`} @click=${e=>this.#a(e,`interrupt`)}>
            Stop and send
          </button>`}
      ${this.store.turns.running.value===void 0?S:y`<button class="icon" type="button" aria-label="Stop" title="Stop (Escape)" @click=${()=>this.store.turns.stop()}>
            ${w(`stop`)}
          </button>`}`}#t(){let{value:e}=this.store.turns.queue;return e.length===0?S:y`<ol class="queue" aria-label="Waiting messages">
      ${e.map(e=>y`<li>
          ${w(`wait`)}<span class="cut">${e.text}</span>
          <button class="plain icon" type="button" aria-label="Take it back" title="Take it back into the message box" @click=${()=>this.#n(e)}>
            ${w(`close`)}
          </button>
        </li>`)}
    </ol>`}#n(e){this.store.turns.takeBack(e).catch(e=>this.store.layout.tell(O(e))),this.draft=[e.text,this.draft].filter(e=>e!==``).join(`
`),this.focusField()}#r(e,t){return t>Uo?y`<p class="hint bad" role="alert">
        A message may have 64 KiB of text; this one has ${Math.ceil(t/1024)} KiB. Shorten it or send it in parts.
      </p>`:e?this.draft.trim()===``?y`<p class="hint"><kbd>Esc</kbd> stops the answer. What is written is kept.</p>`:y`<p class="hint"><kbd>Enter</kbd> sends it after this answer, <kbd>${Go} Enter</kbd> stops the answer and sends it now.</p>`:this.draft!==``||this.store.thread.conversationId.value===``?y`<p class="hint"><kbd>Enter</kbd> sends, <kbd>Shift Enter</kbd> makes a new line.</p>`:y`<p class="hint"><kbd>↑</kbd> edits the last question.</p>`}focusField(){let e=this.renderRoot.querySelector(`textarea`);e?.focus(),e?.setSelectionRange(e.value.length,e.value.length)}firstUpdated(){this.store.layout.narrow.value||this.focusField()}#i(e){if(e.key===`Enter`&&!e.shiftKey&&!e.isComposing)this.#a(e,e.ctrlKey||e.metaKey?`interrupt`:`enqueue`);else if(e.key===`ArrowUp`&&this.draft===``){let t=this.store.thread.entries.value.findLast(e=>e.role===`user`&&e.messageId!==``);t!==void 0&&this.store.turns.running.value===void 0&&(e.preventDefault(),this.store.layout.editing.value=t)}}#a(e,t){e.preventDefault(),Wo.encode(this.draft).length<=Uo&&this.draft.trim()!==``&&(this.store.turns.say(this.draft,t),this.draft=``)}};customElements.define(`soma-composer`,Ko);var $=o`
  :host {
    display: block;
    font-size: var(--size-small);
  }
  section {
    margin-top: var(--s5);
  }
  section:first-child {
    margin-top: 0;
  }
  h2 {
    margin-bottom: var(--s2);
    font-size: var(--size-small);
  }
  h2 span {
    float: right;
    color: var(--ink-soft);
    font-weight: 400;
  }
  dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: var(--s1) var(--s4);
  }
  dt {
    color: var(--ink-soft);
  }
  dd {
    min-width: 0;
    overflow-wrap: anywhere;
    text-align: right;
  }
  .rows > li {
    padding: var(--s2) 0;
    border-top: 1px solid var(--hairline);
  }
  .rows > li:last-child {
    border-bottom: 1px solid var(--hairline);
  }
  .pair {
    display: flex;
    justify-content: space-between;
    gap: var(--s3);
  }
  .pair > :last-child {
    flex: none;
    color: var(--ink-soft);
  }
  .pair > .trouble {
    color: var(--bad);
  }
  .pair > button.link {
    text-align: left;
  }
  .excerpt {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 3;
    overflow-wrap: anywhere;
  }
  .notice,
  .problem {
    margin: var(--s2) 0;
  }
  svg.bar {
    width: 100%;
    overflow: visible;
  }
  svg .track {
    fill: var(--pressed);
  }
`,qo=`up`,Jo={degraded:`works with restrictions`,down:`does not answer`,unspecified:`not known yet`};function Yo(e){let t=e.filter(e=>Qo(e)!==qo),n=e.filter(e=>Qo(e)===qo);return y`<section aria-labelledby="dependencies">
    <h2 id="dependencies">Depends on <span>${e.length===0?``:t.length===0?`all of it works`:`${t.length} in trouble`}</span></h2>
    ${e.length===0?y`<p class="quiet">Nobody has told yet how what the mesh depends on is.</p>`:y`<ul class="rows">
          ${t.map(e=>Zo(e))}
          ${n.length===0?S:y`<li class="quiet">Works: ${n.map(e=>j(e.name)).join(`, `)}</li>`}
        </ul>`}
  </section>`}function Xo(e){return e.filter(e=>Qo(e)===`down`).map(e=>j(e.name))}function Zo(e){let t=Qo(e);return y`<li>
    <div class="pair"><span>${M(j(e.name))}</span><span class="trouble">${Jo[t]??t}</span></div>
    ${e.detail===``?S:y`<p class="quiet">${e.detail}</p>`}
  </li>`}function Qo(e){return St(e.state,`DEPENDENCY_STATE_`)}function $o(e){return y`<section aria-labelledby="compared">
    <h2 id="compared">Compared <span>${e.differences===void 0?``:A(e.differences.length,`difference`)}</span></h2>
    ${es(e)}
  </section>`}function es({differences:e,problem:t}){return t===void 0?e===void 0?y`<p class="quiet" role="status">The two are being compared.</p>`:e.length===0?y`<p class="quiet" role="status">They do not differ in anything but ids and moments.</p>`:y`<ul class="rows">
    ${e.map(e=>ts(e))}
  </ul>`:y`<p class="problem" role="alert">${t.message}</p>`}function ts({part:e,sentence:t,before:n,after:r,name:i}){let a=t===``?`${M(j(i))}: ${n||`none`}, then ${r||`none`}.`:t;return y`<li><span class="quiet tiny">${M(j(e))}</span><p>${a}</p></li>`}var ns={system_prompt:`The agent's instructions`,"policy/data":`The rule that data are not instructions`,answer:`What the answer had so far`},rs=/^round\/(\d+)(\/)?/,is=[`system_policy`,`history`,`memory`,`tools`,`tool_results`,`user_message`],as=6,os=100,ss=class extends z{static properties={receipt:{attribute:!1},whole:{state:!0}};static styles=[T,E,$,o`
      details {
        border-top: 1px solid var(--hairline);
      }
      details:last-of-type {
        border-bottom: 1px solid var(--hairline);
      }
      summary {
        display: flex;
        justify-content: space-between;
        gap: var(--s3);
        padding: var(--s2) 0;
        cursor: pointer;
      }
      summary::before {
        content: "+";
        flex: none;
        width: 10px;
        color: var(--ink-soft);
      }
      details[open] > summary::before {
        content: "−";
      }
      summary span:first-of-type {
        flex: 1;
      }
      details .rows {
        padding-left: 22px;
      }
      details .rows > li:last-child {
        border-bottom: 0;
      }
    `];constructor(){super(),this.whole=new Set}watched(){return[this.store.thread.entries]}render(){let e=ls(this.receipt),t=e.filter(({item:e})=>!e.kept).length,n=[...is,...new Set(e.map(({item:e})=>e.lane).filter(e=>!is.includes(e)))];return y`<section aria-labelledby="items">
        <h2 id="items">Kept and left out <span>${t===0?`nothing left out`:`${k(t)} left out`}</span></h2>
        ${e.length===0?y`<p class="quiet">Nothing was put together for this turn yet.</p>`:S}
        ${n.map(t=>this.#e(t,e.filter(({item:e})=>e.lane===t)))}
      </section>
      ${ds(this.receipt)}`}#e(e,t){if(t.length===0)return S;let n=t.filter(({item:e})=>e.kept),r=n.reduce((e,{item:t})=>e+t.tokens,0),i=this.whole.has(e)?t:t.slice(0,os),a=t.length-n.length;return y`<details ?open=${t.length<=as||e===`memory`}>
      <summary>
        <span>${M(j(e))}</span>
        <span class="quiet">${k(n.length)} kept${a===0?``:`, ${k(a)} left out`} · ${A(r,`token`)}</span>
      </summary>
      <ul class="rows">
        ${i.map(e=>this.#t(e))}
      </ul>
      ${i.length===t.length?S:y`<button class="plain" type="button" @click=${()=>this.whole=new Set([...this.whole,e])}>Show all ${k(t.length)}</button>`}
    </details>`}#t({item:e,leg:t}){let n=this.store.thread.entries.value.find(t=>t.messageId!==``&&t.messageId===e.item_id);return y`<li>
      <div class="pair"><span>${this.#n(e)}${t===0?``:` (call ${t})`}</span><span>${A(e.tokens,`token`)}</span></div>
      ${n===void 0?S:y`<p class="quiet excerpt">${n.text.slice(0,240)}</p>`} ${us(e)}
    </li>`}#n(e){switch(e.lane){case`memory`:return y`<button class="link" type="button" @click=${()=>this.store.showMemory(e.item_id)}>
            Memory <code>${e.item_id.slice(-8)}</code></button
          >${e.version>1?y` <span class="quiet">version ${e.version}</span>`:S}`;case`user_message`:return`Your message`;case`history`:return ns[e.item_id]??`An earlier message`;case`tools`:return y`Tool <code>${e.item_id}</code>`;default:return ns[e.item_id]??cs(e.item_id)??M(j(e.lane))}}};function cs(e){let[,t,n]=rs.exec(e)??[];return t===void 0?void 0:`${n===void 0?`Tool calls`:`A tool's result`} of round ${t}`}function ls(e){let t=e.items.map(e=>({item:e,leg:0})),n=e.legs.flatMap(e=>(e.items??[]).map(t=>({item:t,leg:e.leg})));return[...t,...n]}function us(e){let t=e.truncated_tokens>0?`, cut by ${A(e.truncated_tokens,`token`)}`:``,n=e.reason===``?``:`: ${e.reason}`;return y`<p class="quiet">${e.kept?`Kept`:`Left out`}${n}${t}</p>`}function ds({tools:e,tool_k:t}){return e.length===0?S:y`<section aria-labelledby="tools">
    <h2 id="tools">Tools by rank <span>at most ${k(t)} on offer</span></h2>
    <ol class="rows">
      ${e.map(e=>fs(e))}
    </ol>
  </section>`}function fs(e){return y`<li>
    <div class="pair"><code>${e.name}</code><span>${e.chosen?`offered`:`not offered`}</span></div>
    <p class="quiet">
      relevance ${e.relevance.toFixed(2)}, succeeds in ${Math.round(100*e.success_rate)} %${e.reason===``?``:`; ${e.reason}`}
    </p>
  </li>`}customElements.define(`soma-receipt-items`,ss);var ps=[`system_policy`,`history`,`memory`,`tools`,`tool_results`,`buffer`],ms={system_policy:0,history:0,memory:0,tools:0,tool_results:0,buffer:0};function hs(e){return e.legs.filter(e=>e.lanes_used!==void 0)}function gs(e,t){let n=(t===void 0?e.lanes_planned:t.lanes_used??e.lanes_used)??ms,r=ps.reduce((e,t)=>e+n[t],0),i=e.items.filter(e=>e.lane===`user_message`&&e.kept).reduce((e,t)=>e+t.tokens,0),a=t===void 0?0:Math.max(0,(t.usage?.input_tokens??0)-r-i),o=t===void 0?e.max_output_tokens??0:t.usage?.output_tokens??0,{window_tokens:s=0}=e,c=s===0?0:s-r-i-a-o;return{lanes:n,sum:r,message:i,framing:a,answer:o,free:Math.max(0,c),window:s}}function _s(e){return[...ps.map(t=>({name:j(t),kind:t,tokens:e.lanes[t]})),{name:`message`,kind:`message`,tokens:e.message},{name:`framing`,kind:`framing`,tokens:e.framing},{name:`answer`,kind:`answer`,tokens:e.answer},{name:`free`,kind:`free`,tokens:e.free}]}var vs=class extends z{static properties={receipt:{attribute:!1},place:{state:!0}};static styles=[T,E,$,o`
      .lane {
        display: grid;
        grid-template-columns: 96px minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--s2);
        min-height: 24px;
      }
      .lane.sum {
        border-top: 1px solid var(--hairline);
      }
      .lane .number {
        min-width: 92px;
      }
      .plan {
        fill: none;
        stroke: var(--lane);
        stroke-width: 1;
      }
      .use {
        fill: var(--lane);
      }
      .whole rect {
        fill: var(--lane);
        stroke: var(--ground);
        stroke-width: 0.5;
      }
      .whole rect.free {
        fill: var(--pressed);
      }
      .system_policy {
        --lane: var(--lane-system-policy);
      }
      .history {
        --lane: var(--lane-history);
      }
      .memory {
        --lane: var(--lane-memory);
      }
      .tools {
        --lane: var(--lane-tools);
      }
      .tool_results {
        --lane: var(--lane-tool-results);
      }
      .buffer {
        --lane: var(--lane-buffer);
      }
      .message,
      .framing,
      .answer {
        --lane: var(--ink-soft);
      }
      .answer {
        --lane: var(--ink);
      }
      figure {
        display: grid;
        grid-template-columns: 64px minmax(0, 1fr);
        align-items: center;
        gap: var(--s2);
        min-height: 24px;
      }
      .calls {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        margin-bottom: var(--s1);
      }
      .calls button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      .calls button[aria-pressed="true"] {
        border-color: var(--accent);
        background: var(--accent-soft);
      }
    `];constructor(){super(),this.place=0}willUpdate(e){e.has(`receipt`)&&(this.place=0)}render(){let e=hs(this.receipt),t=e[this.place]??this.receipt.legs[0],n=gs(this.receipt,void 0),r=t===void 0?void 0:gs(this.receipt,t),i=Math.max(1,...ps.flatMap(e=>[n.lanes[e],r?.lanes[e]??0]));return y`<section aria-labelledby="lanes">
      <h2 id="lanes">Lanes <span>used / planned tokens</span></h2>
      ${e.length>1?this.#e(e):S}
      ${ys(`Planned`,n)} ${r===void 0?S:ys(`Used`,r)}
      <ul>
        ${ps.map(e=>xs(e,r?.lanes[e],n.lanes[e],i))} ${Ss(r,n)}
      </ul>
    </section>`}#e(e){return y`<div class="calls" role="group" aria-label="Model call">
      ${e.map((e,t)=>y`<button type="button" aria-pressed=${t===this.place} @click=${()=>this.place=t}>Call ${e.leg}</button>`)}
    </div>`}};function ys(e,t){let n=_s(t),r=n.reduce((e,t)=>e+t.tokens,0),i=n.filter(e=>e.tokens>0).map(e=>`${e.name} ${k(e.tokens)}`),a=0;return y`<figure class="whole">
    <figcaption class="quiet">${e}</figcaption>
    <svg class="bar" height="14" role="img" aria-label=${`${e}: ${i.join(`, `)}; ${A(r,`token`)} together`}>
      ${n.map(e=>{let t=a;return a+=e.tokens,e.tokens===0?S:bs(e,t,r)})}
    </svg>
  </figure>`}function bs(e,t,n){return b`<rect class=${e.kind} x=${ws(t,n)} width=${ws(e.tokens,n)} height="14"><title>${e.name}: ${k(e.tokens)}</title></rect>`}function xs(e,t,n,r){return y`<li class=${`lane ${e}`}>
    <span>${j(e)}</span>
    <svg class="bar" height="12" aria-hidden="true">
      ${(t??0)>0?b`<rect class="use" y="0.5" width=${ws(t??0,r)} height="11" rx="2"></rect>`:``}
      ${n>0?b`<rect class="plan" x="0.5" y="0.5" width=${ws(n,r)} height="11" rx="2"></rect>`:``}
    </svg>
    <span class="number">${n===0&&!t?y`<span class="quiet">none</span>`:Cs(t,n)}</span>
  </li>`}function Ss(e,t){let n=[[`All lanes`,e?.sum,t.sum],[`Message`,e?.message,t.message],[`Framing`,e?.framing,void 0],[`Answer`,e?.answer,t.answer],[`Free`,e?.free,t.free],[`Window`,e?.window,t.window]];return(t.window===0?n.slice(0,4):n).map(([e,t,n])=>y`<li class="lane sum"><span>${e}</span><span></span><span class="number">${Cs(t,n)}</span></li>`)}function Cs(e,t){return`${e===void 0?`–`:k(e)} / ${t===void 0?`–`:k(t)}`}function ws(e,t){return`${(100*e/Math.max(1,t)).toFixed(2)}%`}customElements.define(`soma-receipt-lanes`,vs);function Ts(e){return Uint8Array.from(atob(e),e=>e.charCodeAt(0))}function Es(e){return new TextDecoder().decode(Ts(e))}function Ds(e){return[...Ts(e)].map(e=>e.toString(16).padStart(2,`0`)).join(``)}var Os=class extends z{static properties={receipt:{attribute:!1}};static styles=[T,E,D,$,o`
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0 var(--s2);
      }
      .foot button {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      soma-code {
        max-width: 100%;
        margin-top: var(--s2);
      }
    `];watched(){return[this.store.receipts.prompt]}render(){let{legs:e}=this.receipt,{value:t}=this.store.receipts.prompt;return y`<section aria-labelledby="legs">
      <h2 id="legs">Model calls</h2>
      ${e.length===0?y`<p class="quiet">${this.receipt.settle_time===void 0?`The turn is not settled yet.`:`No model was called.`}</p>`:y`<ol class="rows">
            ${e.map((n,r)=>this.#e(n,e[r-1],t?.leg===n.leg?t:void 0))}
          </ol>`}
    </section>`}#e(e,t,n){return y`<li>
      <div class="pair"><span>${e.leg}. ${e.model}</span><span>${vt(e.cost_micros)}</span></div>
      <p class="quiet">${As(t)}${ks(e)}ended with ${j(e.finish_reason)}</p>
      ${js(e)}
      <div class="foot">
        ${e.request_sha256?y`<span class="quiet tiny" title=${Ds(e.request_sha256)}>sent as <code>${Ds(e.request_sha256).slice(0,12)}…</code></span>`:y`<span></span>`}
        <button class="plain" type="button" aria-expanded=${n!==void 0} @click=${()=>void this.store.receipts.rebuild(e.leg)}>
          ${n===void 0?`Show`:`Hide`} the prompt<span class="unseen"> of call ${e.leg}</span>
        </button>
      </div>
      ${n===void 0?S:Ns(n)}
    </li>`}};function ks({usage:e}){if(e===void 0)return``;let t=e.cached_input_tokens>0?` (${k(e.cached_input_tokens)} from the provider's cache)`:``;return`${k(e.input_tokens)} in${t}, ${k(e.output_tokens)} out${e.estimated?`, counted here`:``}; `}function As(e){return e?.finish_reason===`tool_calls`?`After the tools: `:e?.finish_reason===`error`?(e.usage?.output_tokens??0)>0?`Went on where ${e.model} broke off: `:`In the place of ${e.model}: `:``}function js({parameters:e}){let t=Object.entries(e??{}).map(([e,t])=>`${j(e)} ${Ms(t)}`);return t.length===0?S:y`<p class="quiet excerpt">${t.join(`, `)}</p>`}function Ms(e){return typeof e==`number`?gt(e):typeof e==`object`?JSON.stringify(e):String(e)}function Ns({rebuilt:e,problem:t}){return t===void 0?e===void 0?y`<p class="quiet" role="status">The prompt is being made again.</p>`:y`<p class=${e.exact?`notice`:`notice warn`} role="status">${Ps(e)}</p>
    ${e.missing.map(e=>y`<p class="quiet">${e}</p>`)}
    ${e.body===``?S:y`<soma-code .text=${wo(Es(e.body))} .language=${`json`}></soma-code>`}`:y`<p class="problem" role="alert">${t.message}</p>`}function Ps({exact:e,body:t}){return e?`Byte for byte what was sent, by the digest in the receipt; shown here with line breaks.`:t===``?`What was sent cannot be made again.`:`Not quite what was sent: something is missing or has changed since.`}customElements.define(`soma-receipt-legs`,Os);var Fs=[.4,.3,.3],Is={response:.5,tools:.2,tokens:.3},Ls=.2,Rs=o`
  table {
    width: 100%;
    margin-bottom: var(--s3);
    border-collapse: collapse;
  }
  th,
  td {
    padding: var(--s1) 0;
    border-top: 1px solid var(--hairline);
    font-weight: 400;
    text-align: right;
  }
  th:first-child {
    text-align: left;
  }
  caption {
    padding-bottom: var(--s1);
    text-align: left;
  }
  caption strong {
    float: right;
  }
  table + p {
    margin: calc(-1 * var(--s2)) 0 var(--s3);
  }
  thead th {
    border: 0;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
`;function zs(e){let{aiq_predicted:t,aiq_observed:n}=e;return t===void 0&&n===void 0?S:y`<section aria-labelledby="aiq">
    <h2 id="aiq">Intelligence quotient of the turn <span>of 100</span></h2>
    ${t===void 0?S:Bs(`Predicted`,t.value,Hs(t,e))}
    ${t===void 0||t.tool_relevance!==void 0?S:y`<p class="quiet">${Ws(e)}</p>`}
    ${n===void 0?y`<p class="quiet">It is observed when the turn is settled.</p>`:Bs(`Observed`,n.value,Us(n))}
    ${n===void 0||e.outcome?.confidence!==void 0?S:y`<p class="quiet">The provider told no confidence, so it moves nothing.</p>`}
  </section>`}function Bs(e,t,n){let r=n.filter(e=>e.value!==void 0).reduce((e,t)=>e+t.weight,0)||1;return y`<table>
    <caption>${e} <strong>${t.toFixed(0)}</strong></caption>
    <thead>
      <tr><th scope="col">component</th><th scope="col">value</th><th scope="col">weight</th><th scope="col">gives</th></tr>
    </thead>
    <tbody>
      ${n.map(e=>Vs(e,r))}
    </tbody>
  </table>`}function Vs({name:e,value:t,weight:n},r){if(t===void 0)return y`<tr><th scope="row">${e}</th><td>left out</td><td>–</td><td>–</td></tr>`;let i=n/r;return y`<tr>
    <th scope="row">${e}</th>
    <td>${t.toFixed(0)}</td>
    <td>${i.toFixed(2)}</td>
    <td>${(i*t).toFixed(1)}</td>
  </tr>`}function Hs(e,t){let[n,r,i]=t.snapshot?.rules?.weights??Fs;return[{name:`context`,value:e.context_quality,weight:n},{name:`tools`,value:e.tool_relevance,weight:r},{name:`budget`,value:e.budget_efficiency,weight:i}]}function Us(e){return[{name:`response`,value:e.response_quality,weight:Is.response},{name:`tools`,value:e.tool_success,weight:Is.tools},{name:`tokens`,value:e.token_efficiency,weight:Is.tokens}]}function Ws(e){let t=`the other weights take the place of this one.`,n=e.snapshot?.rules?.tool_relevance_floor??Ls;return e.features_off.includes(`tools`)?`Tools are switched off: ${t}`:e.tools.length===0?`The agent has no tools that this turn could have used: ${t}`:e.tools.every(e=>e.relevance<n)?`No tool fits the question, all are below a relevance of ${n.toFixed(2)}: ${t}`:`No tool could be on offer in this turn: ${t}`}var Gs=o`
  .phase {
    display: grid;
    grid-template-columns: 96px 1fr 64px;
    align-items: center;
    gap: var(--s2);
    min-height: 24px;
  }
  .phase rect.took {
    fill: var(--accent);
  }
`;function Ks(e){if(e.length===0)return``;let t=[...e].sort((e,t)=>e.start_milliseconds-t.start_milliseconds),n=Math.max(...e.map(e=>e.start_milliseconds+e.duration_milliseconds));return y`<section aria-labelledby="time">
    <h2 id="time">Time <span>${xt(n)} from start to end</span></h2>
    <ol>
      ${t.map(e=>qs(e,n))}
    </ol>
  </section>`}function qs(e,t){let n=100*e.start_milliseconds/t,r=Math.max(.6,100*e.duration_milliseconds/t);return y`<li class="phase" title=${`begins after ${xt(e.start_milliseconds)}`}>
    <span>${j(e.phase)}</span>
    <svg class="bar" height="10" aria-hidden="true">
      <rect class="track" y="4" width="100%" height="2"></rect>
      <rect class="took" x=${`${Math.min(n,99.4).toFixed(2)}%`} width=${`${r.toFixed(2)}%`} height="10" rx="2"></rect>
    </svg>
    <span class="number">${xt(e.duration_milliseconds)}</span>
  </li>`}var Js=class extends z{static properties={copied:{state:!0}};static styles=[T,E,D,$,o`
      :host {
        margin-bottom: var(--s3);
      }
      .way {
        display: flex;
        align-items: center;
        gap: var(--s1);
      }
      .way p {
        flex: 1;
      }
      .way button.icon {
        width: 28px;
        min-height: 28px;
      }
      .way .copy {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
      [role="listbox"] {
        position: relative;
        max-height: 216px;
        margin: var(--s1) 0;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        overflow-y: auto;
      }
      [role="option"] {
        display: flex;
        justify-content: space-between;
        gap: var(--s2);
        min-height: 28px;
        padding: var(--s1) var(--s2);
        cursor: pointer;
      }
      [role="option"] + [role="option"] {
        border-top: 1px solid var(--hairline);
      }
      [role="option"][aria-selected="true"] {
        background: var(--accent-soft);
        box-shadow: inset 2px 0 var(--accent);
      }
      select {
        width: 100%;
        margin-top: var(--s1);
        font-size: var(--size-small);
      }
    `];constructor(){super(),this.copied=!1}watched(){let{receipts:e}=this.store;return[e.shown,e.others.rows,e.others.problem,e.compared]}updated(){let e=this.renderRoot.querySelector(`[aria-selected="true"]`),t=e?.parentElement;if(e!==null&&t){let{offsetTop:n,offsetHeight:r}=e;t.scrollTop=Math.min(n,Math.max(t.scrollTop,n+r-t.clientHeight))}}render(){let{rows:e,problem:t,hasMore:n}=this.store.receipts.others,r=e.value??[];return y`
      <div class="way">
        ${this.#e(1,`left`,`Older receipt`)}
        <p class="quiet" role="status">${this.#t(r,n)}</p>
        ${this.#e(-1,`right`,`Newer receipt`)}
        <button class="plain copy" type="button" @click=${()=>void this.#o()}>
          ${w(this.copied?`done`:`copy`)} ${this.copied?`Copied`:`Copy as JSON`}
        </button>
      </div>
      ${t.value===void 0?S:y`<p class="problem" role="alert">${t.value.message}</p>`}
      ${r.length<2?S:y`${this.#n(r,n)} ${this.#r(r)}`}
    `}#e(e,t,n){let r=this.store.receipts.beside(e);return y`<button
      class="plain icon"
      type="button"
      aria-label=${n}
      title=${n}
      ?disabled=${r===void 0}
      @click=${()=>this.#i(r)}
    >
      ${w(t)}
    </button>`}#t(e,t){let{value:n}=this.store.receipts.shown,r=e.findIndex(e=>e.receipt_id===n?.receipt_id);return r<0?n?.plan_time===void 0?``:P(n.plan_time):e.length===1&&!t?`The only one of this conversation`:`${k(e.length-r)} of ${k(e.length)}${t?` of the last`:``}`}#n(e,t){let{value:n}=this.store.receipts.shown,r=e.findIndex(e=>e.receipt_id===n?.receipt_id);return y`<details>
      <summary>Receipts of this conversation</summary>
      <div
        role="listbox"
        tabindex="0"
        aria-label="Receipts of this conversation, the newest first"
        aria-activedescendant=${r<0?S:`receipt-${r}`}
        @keydown=${t=>this.#a(t,e,r)}
      >
        ${e.map((e,t)=>y`<div id=${`receipt-${t}`} role="option" aria-selected=${t===r} @click=${()=>this.#i(e)}>
            <span class="cut">${P(e.plan_time)} · ${N(e.level)}</span>
            <span class="quiet">${Ys(e)}</span>
          </div>`)}
      </div>
      ${t?y`<button class="plain" type="button" @click=${()=>void this.store.receipts.others.more()}>Show older</button>`:S}
    </details>`}#r(e){let{receipts:t}=this.store,n=e.filter(e=>e.receipt_id!==t.shown.value?.receipt_id),r=t.compared.value?.with??``;return y`<select aria-label="Compare with" @change=${e=>void t.compare(e.target.value)}>
      <option value="" ?selected=${r===``}>Compare with …</option>
      ${n.map(e=>y`<option value=${e.receipt_id} ?selected=${e.receipt_id===r}>
          ${P(e.plan_time)}, ${N(e.level)}, ${Ys(e)}
        </option>`)}
    </select>`}#i(e){e!==void 0&&this.store.receipts.show(e.receipt_id)}#a(e,t,n){let r={ArrowDown:n+1,ArrowUp:n-1,Home:0,End:t.length-1}[e.key];r!==void 0&&(e.preventDefault(),this.#i(t[r]))}async#o(){this.copied=await ro(JSON.stringify(this.store.receipts.shown.value,null,2)),this.store.layout.announce(this.copied?`Copied.`:`The browser did not allow copying.`),setTimeout(()=>this.copied=!1,2e3)}};function Ys(e){return e.settle_time===void 0?`not settled`:`${k(e.tokens)} tokens, ${vt(e.cost_micros)}`}customElements.define(`soma-receipt-walk`,Js);var Xs=class extends z{static styles=[T,E,D,$,Rs,Gs,o`
      soma-receipt-lanes,
      soma-receipt-items,
      soma-receipt-legs {
        margin-top: var(--s5);
      }
      .figures {
        display: grid;
        grid-template-columns: auto auto auto auto;
        gap: 0;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
      }
      .figures div {
        padding: var(--s2) var(--s1);
        text-align: center;
      }
      .figures div + div {
        border-left: 1px solid var(--hairline);
      }
      .figures dt {
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      .figures dd {
        font-size: 14px;
        font-weight: 600;
        text-align: center;
        white-space: nowrap;
      }
    `];watched(){let{receipts:e,thread:t}=this.store;return[e.shown,e.problem,e.wanted,e.compared,t.entries]}willUpdate(){let{receipts:e,thread:t}=this.store,n=t.entries.value.findLast(e=>e.receiptId!==``&&!e.running);e.wanted.value===``&&n!==void 0&&e.show(n.receiptId)}render(){let{shown:e,problem:t,wanted:n}=this.store.receipts;return t.value===void 0?e.value===void 0?n.value===``?y`<p class="quiet">The line under an answer opens its receipt: what the turn was allowed, what it used, and why.</p>`:y`<p class="quiet" role="status">The receipt is being read.</p>`:this.#e(e.value):y`<p class="problem" role="alert">${t.value.message}</p>`}#e(e){let{value:t}=this.store.receipts.compared;return y`
      <soma-receipt-walk .store=${this.store}></soma-receipt-walk>
      ${Qs(e)} ${Zs(e)}
      ${t===void 0?S:$o(t)}
      <soma-receipt-lanes .store=${this.store} .receipt=${e}></soma-receipt-lanes>
      ${Ks(e.phases??[])}
      <soma-receipt-items .store=${this.store} .receipt=${e}></soma-receipt-items>
      ${ec(e)}
      <soma-receipt-legs .store=${this.store} .receipt=${e}></soma-receipt-legs>
      ${zs(e)} ${Yo(e.dependencies)} ${this.#t(e)}
    `}#t(e){let{usage:t,outcome:n}=e,r=y`<button class="link" type="button" @click=${()=>this.store.layout.openDrawer(`level`)}>version ${e.plan_version}</button>`;return y`<section aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl>${[[`Model`,e.model],[`Input`,t===void 0?`–`:A(t.input_tokens,`token`)],[`Output`,t===void 0?`–`:A(t.output_tokens,`token`)],[`Ended with`,n===void 0?`not settled yet`:j(n.error_reason||n.finish_reason)],[`Rated`,e.feedback===void 0?`by nobody`:e.feedback?`good`:`bad`],[`Switched off`,e.features_off.length===0?`nothing`:e.features_off.map(e=>j(e)).join(`, `)],[`Plan`,St(e.path,`PLAN_PATH_`)],[`Configuration`,r],[`Planned`,e.plan_time===void 0?`–`:P(e.plan_time)],[`Settled`,e.settle_time===void 0?`not yet`:P(e.settle_time)],...e.policy_decisions.map(e=>[`Policy decision`,y`<code>${e}</code>`]),[`Receipt`,y`<code>${e.receipt_id}</code>`],[`Turn`,y`<code>${e.turn_id}</code>`]].map(([e,t])=>y`<dt>${e}</dt><dd>${t}</dd>`)}</dl>
    </section>`}};function Zs(e){let{level_reasons:t}=e;return t.length===0?y`<p class="notice">Level ${N(e.level)}: nothing demanded less.</p>`:t.map(e=>y`<p class=${N(e.level)===`L0`?`notice`:`notice warn`}>
      <strong>${N(e.level)}</strong> ${e.sentence} <span class="quiet">(${e.source})</span>
    </p>`)}function Qs(e){let t=e.phases.find(e=>e.phase===`first_token`),n=t===void 0?`–`:xt(t.start_milliseconds+t.duration_milliseconds);return y`<dl class="figures">
    ${[[`Level`,N(e.level)],[`Tokens`,e.usage===void 0?`–`:k($s(e.usage))],[`Cost`,e.settle_time===void 0?`–`:vt(e.cost_micros)],[`First token`,n]].map(([e,t])=>y`<div><dt>${e}</dt><dd>${t}</dd></div>`)}
  </dl>`}function $s(e){return e.input_tokens+e.output_tokens}function ec(e){let{modulation:t}=e;if(t===void 0)return S;let n=t.effects.filter(e=>!e.switched_off&&e.before!==e.after),r=t.neutral?`The state was not asked: the usual settings were used.`:`Its state changed nothing.`;return y`<section aria-labelledby="state">
    <h2 id="state">What its state changed</h2>
    ${n.length===0?y`<p class="quiet">${r}</p>`:y`<ul class="rows">
          ${n.map(e=>y`<li>${e.sentence}</li>`)}
        </ul>`}
  </section>`}customElements.define(`soma-receipt`,Xs);var tc=[`dopamine`,`serotonin`,`noradrenaline`,`acetylcholine`],nc={dopamine:`reward and drive`,serotonin:`calm and patience`,noradrenaline:`urgency`,acetylcholine:`attention to what is new`},rc=o`
  .scale {
    margin: var(--s1) 0;
  }
  .scale .away {
    fill: var(--accent);
  }
  .scale .value {
    fill: var(--accent);
    stroke: var(--ground);
    stroke-width: 2;
  }
  .scale .rest {
    stroke: var(--ink-soft);
    stroke-width: 1.5;
  }
`,ic=o`
  .gauge {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .gauge:last-of-type {
    border-bottom: 1px solid var(--hairline);
  }
  .gauge .pair {
    align-items: baseline;
  }
  .gauge strong {
    color: var(--ink);
    font-size: var(--size);
    font-weight: 600;
  }
  .gauge .history {
    width: 72px;
    color: var(--accent);
  }
  .gauge .ends {
    display: flex;
    justify-content: space-between;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
  .gauge ul {
    margin-top: var(--s2);
  }
  .gauge li {
    margin-top: 2px;
    color: var(--ink-soft);
    line-height: 1.4;
  }
  .gauge li.moved {
    color: var(--ink);
  }
`;function ac(e,t,n){let{name:r,value:i,baseline:a,minimum:o,maximum:s}=e,c=t.filter(e=>e.sentence.toLowerCase().includes(r));return y`<div class="gauge">
    <div class="pair">
      <h2>${M(r)} <small class="quiet">${nc[r]??``}</small></h2>
      <strong>${i.toFixed(3)}</strong>
    </div>
    ${oc(i,a,[o,s],`${i.toFixed(3)}, baseline ${a}, from ${o} to ${s}`)}
    <div class="ends"><span>${o}</span>${sc(n,o,s)}<span>${s}</span></div>
    <ul>
      ${c.map(e=>y`<li class=${e.before===e.after||e.switched_off?``:`moved`}>
          ${e.sentence}
        </li>`)}
    </ul>
  </div>`}function oc(e,t,[n,r],i,a=t){let o=e=>Math.min(100,Math.max(0,100*(e-n)/(r-n||1))),[s,c]=[Math.min(o(e),o(a)),Math.max(o(e),o(a))];return y`<svg class="bar scale" height="16" role="img" aria-label=${i}>
    <rect class="track" y="6" width="100%" height="4" rx="2"></rect>
    <rect class="away" x=${`${s}%`} y="6" width=${`${c-s}%`} height="4"></rect>
    <line class="rest" x1=${`${o(t)}%`} x2=${`${o(t)}%`} y1="1" y2="15"></line>
    <circle class="value" cx=${`${o(e)}%`} cy="8" r="6"></circle>
  </svg>`}function sc(e,t,n){if(e.length<2)return S;let r=e.map((r,i)=>{let a=72*i/(e.length-1),o=15-14*(r-t)/(n-t);return`${a.toFixed(1)},${o.toFixed(1)}`});return y`<svg class="history" width="72" height="16" role="img" aria-label=${`History of ${e.length-1} changes`}>
    ${b`<polyline points=${r.join(` `)} fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round"></polyline>`}
  </svg>`}var cc=class extends z{static properties={refused:{state:!0},busy:{state:!0}};static styles=[T,E,D,$,o`
      :host {
        margin-top: var(--s4);
      }
      button {
        margin: var(--s2) 0;
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
    `];constructor(){super(),this.refused=``,this.busy=!1}watched(){let{sleep:e,mesh:t}=this.store;return[e.status,e.cycles.rows,e.cycles.problem,t.roles]}render(){let{status:e,cycles:t}=this.store.sleep,n=this.refused||t.problem.value?.message,[r,...i]=(t.rows.value??[]).filter(e=>e.state!==`SLEEP_CYCLE_STATE_RUNNING`);return y`<div role="group" aria-labelledby="cycles">
      <h3 id="cycles">Cycles</h3>
      ${n?y`<p class="problem" role="alert">${n}</p>`:S}
      ${e.value===void 0?S:this.#e(e.value)}
      ${r===void 0?S:y`<p class="quiet">The last one:</p><ul class="rows">${lc(r)}</ul>`}
      ${i.length===0?S:y`<details>
            <summary>Earlier ones</summary>
            <ul class="rows">${i.map(e=>lc(e))}</ul>
            ${t.hasMore?y`<button class="plain" type="button" @click=${()=>void t.more()}>Show older</button>`:S}
          </details>`}
    </div>`}#e(e){let{current_cycle:t}=e,n=this.store.mesh.isOperator;return t===void 0?y`<p>${e.next_cycle}</p>
      ${n?this.#t(`Run a cycle now`,()=>this.store.sleep.runCycle(),`A cycle runs.`):y`<p class="quiet">An operator can run one now.</p>`}`:y`<p role="status">One runs, started ${t.cause}: ${t.step||`it begins`}. ${uc(t)}</p>
        ${n?this.#t(`Cancel it`,()=>this.store.sleep.cancelCycle(t.cycle_id),`The cycle is cancelled.`):S}`}#t(e,t,n){return y`<button type="button" ?disabled=${this.busy} @click=${()=>void this.#n(t,n)}>${e}</button>`}async#n(e,t){this.busy=!0,this.refused=``;try{await e(),this.store.layout.announce(t)}catch(e){this.refused=O(e).message}finally{this.busy=!1}}};function lc(e){return y`<li>
    <div class="pair">
      <span>${M(St(e.state,`SLEEP_CYCLE_STATE_`))}, started ${e.cause}</span>
      <span>${e.start_time===void 0?``:P(e.start_time)}</span>
    </div>
    ${e.sentences.length===0?y`<p class="quiet">${uc(e)} Load ${e.load_before.toFixed(2)} → ${e.load_after.toFixed(2)}.</p>`:e.sentences.map(e=>y`<p class="quiet">${e}</p>`)}
  </li>`}function uc(e){let t=`${A(e.fact_count,`fact`)}, ${A(e.hypothesis_count,`hypothesis`,`hypotheses`)}`;return`${A(e.replayed_count,`memory`,`memories`)} replayed, ${t}, ${A(e.swept_count,`memory`,`memories`)} swept.`}customElements.define(`soma-sleep-cycles`,cc);var dc={active:`Active`,light:`Light sleep`,deep:`Deep sleep`,freeze:`Frozen`},fc={active:`It answers, learns and remembers.`,light:`It answers, and learns at half the rate.`,deep:`It answers that it rests, unless it is woken.`,freeze:`It refuses messages until it is woken.`},pc={active:[[`light`,`Rest lightly`],[`freeze`,`Freeze`]],light:[[`active`,`Wake`],[`deep`,`Sleep deeply`],[`freeze`,`Freeze`]],deep:[[`active`,`Wake`],[`light`,`Rest lightly`],[`freeze`,`Freeze`]],freeze:[[`active`,`Wake`],[`light`,`Rest lightly`]]},mc=[[0,`until it is changed`],[600,`for 10 minutes`],[3600,`for an hour`]],hc=class extends z{static properties={refused:{state:!0},busy:{state:!0}};#e=0;static styles=[T,E,D,$,rc,o`
      :host {
        margin-top: var(--s5);
      }
      .now {
        margin-bottom: var(--s1);
      }
      .now strong {
        margin-right: var(--s2);
        font-size: var(--size);
      }
      .effects {
        margin-top: var(--s1);
      }
      .effects li {
        margin-top: 2px;
        line-height: 1.4;
      }
      .ways {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s2);
        margin: var(--s2) 0;
      }
      .ways select {
        flex: 1 1 130px;
        min-width: 0;
      }
      .load {
        margin-top: var(--s4);
      }
      .load dl {
        margin-top: var(--s1);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
    `];constructor(){super(),this.refused=``,this.busy=!1}watched(){let{sleep:e,mind:t,mesh:n}=this.store;return[e.status,e.problem,t.state,n.roles]}render(){let{status:e,problem:t}=this.store.sleep,n=this.refused||t.value?.message;return y`<section aria-labelledby="sleep">
      <h2 id="sleep">Sleep</h2>
      ${n?y`<p class="problem" role="alert">${n}</p>`:S}
      ${e.value===void 0?S:this.#t(e.value)}
    </section>`}#t(e){let t=gc(e.state);return y`
      <p class="now">
        <strong>${_c(t)}</strong>${fc[t]??``}
        <span class="quiet">${vc(e)}</span>
      </p>
      ${t===`active`||e.schedule===void 0?S:yc(e.schedule)} ${this.#n()} ${this.#r(t)}
      ${e.load===void 0?S:bc(e.load)}
      <soma-sleep-cycles .store=${this.store}></soma-sleep-cycles>
    `}#n(){let e=(this.store.mind.state.value?.effects??[]).filter(({sentence:e})=>e!==``&&!tc.some(t=>e.toLowerCase().includes(t)));return e.length===0?S:y`<ul class="effects">${e.map(({sentence:e})=>y`<li>${e}</li>`)}</ul>`}#r(e){return this.store.mesh.isOperator?y`<div class="ways" role="group" aria-label="Change the sleep">
      ${(pc[e]??[]).map(([e,t])=>y`<button type="button" ?disabled=${this.busy} @click=${()=>void this.#i(e)}>${t}</button>`)}
      <select
        aria-label="How long it sleeps"
        @change=${e=>{this.#e=Number(e.target.value)}}
      >
        ${mc.map(([e,t])=>y`<option value=${e} ?selected=${e===this.#e}>${t}</option>`)}
      </select>
    </div>`:y`<p class="quiet">Only an operator can put this agent to sleep or wake it, because that is felt by everybody who talks to it.</p>`}async#i(e){(e!==`freeze`||await jr({title:`Freeze this agent?`,text:`It refuses every message of everybody until it is woken, or the time is over. A turn that is open comes to its end.`,act:`Freeze it`,refrain:`Leave it`}))&&await this.#a(()=>this.store.sleep.move(e,e===`active`?0:this.#e),`The agent is now: ${_c(e)}.`)}async#a(e,t){this.busy=!0,this.refused=``;try{await e(),this.store.layout.announce(t),await this.store.loadMind()}catch(e){this.refused=O(e).message}finally{this.busy=!1}}};function gc(e){return St(e,`SLEEP_STATE_`)}function _c(e){return dc[e]??M(e)}function vc({since_time:e,until_time:t,returns_to:n}){let r=e===void 0?``:`Since ${P(e)}.`;if(t===void 0)return r;let i=Math.max(0,(new Date(t).getTime()-Date.now())/1e3);return`${r} ${_c(gc(n))} again at ${Ct(new Date(t))}, in ${bt(i)}.`}function yc(e){return y`<details>
    <summary>What it scales</summary>
    <dl>
      ${[[`Memories recalled`,e.recall_width],[`Time of recall`,e.time_budget],[`Temperature`,e.temperature],[`Learning`,e.learning_rate],[`Forgetting`,e.forgetting]].map(([e,t])=>y`<dt>${e}</dt><dd>× ${t.toFixed(2)}</dd>`)}
      <dt>Bar for new memories</dt>
      <dd>+ ${e.store_barrier.toFixed(2)}</dd>
    </dl>
  </details>`}function bc(e){let t=[[`Open turns`,.4,e.open_turns],[`Context`,.3,e.context_fill],[`Errors`,.2,e.error_rate],[`Unconsolidated memories`,.1,e.unconsolidated]],n=`Load ${e.load.toFixed(2)}; a cycle begins above ${e.threshold.toFixed(2)}`;return y`<div class="load">
    <div class="pair">
      <h3>Load</h3>
      <strong>${e.load.toFixed(2)}</strong>
    </div>
    ${oc(e.load,e.threshold,[0,1],n,0)}
    <p class="quiet">
      A cycle begins by itself when it stays above ${e.threshold.toFixed(2)}.
      ${e.relief>0?`The last cycle still takes ${e.relief.toFixed(2)} off.`:``}
    </p>
    <details>
      <summary>What it is made of</summary>
      <dl>${t.map(([e,t,n])=>y`<dt>${e}</dt><dd>${t} × ${n.toFixed(2)}</dd>`)}</dl>
    </details>
  </div>`}customElements.define(`soma-sleep`,hc);var xc=[[`vector`,1,`Likeness of meaning`],[`lexical`,1,`Likeness of words`],[`graph`,.2,`Links`],[`recency`,.1,`How new it is`],[`temperature`,.7,`How even scores become`]],Sc=class extends z{static properties={refused:{state:!0}};static styles=[T,E,D,$,rc,o`
      :host {
        margin-top: var(--s5);
      }
      .weight {
        margin-bottom: var(--s1);
      }
      li button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        margin-top: var(--s2);
        color: var(--accent);
        cursor: pointer;
      }
    `];constructor(){super(),this.refused=``}watched(){let{adaptation:e,mesh:t}=this.store;return[e.now,e.problem,e.versions.rows,e.versions.problem,t.roles]}render(){let{now:e,problem:t,versions:n}=this.store.adaptation,r=this.refused||(t.value??n.problem.value)?.message;return y`<section aria-labelledby="weights">
      <h2 id="weights">What recall weighs <span>${e.value===void 0?``:`version ${e.value.state.version}`}</span></h2>
      ${r?y`<p class="problem" role="alert">${r}</p>`:S}
      ${e.value===void 0?S:this.#e(e.value)}
    </section>`}#e(e){let{state:t}=e;return y`
      ${xc.map(([t,n,r])=>Cc(e,t,n,r))}
      <p class="quiet">
        ${t.feedback_count===0?`No feedback has moved them yet: rate an answer that used memories, and what found them counts more, or less.`:`Moved by ${A(t.feedback_count,`feedback`)}. ${t.cause}`}
      </p>
      ${t.version===0?S:this.#t(t.version)}
    `}#t(e){let{adaptation:t}=this.store;return y`<details @toggle=${e=>void this.#r(e)}>
      <summary>Versions before</summary>
      <ol class="rows">
        ${(t.versions.rows.value??[]).map(t=>this.#n(t,e))}
      </ol>
      ${t.versions.hasMore?y`<button class="plain" type="button" @click=${()=>void t.versions.more()}>Show older</button>`:S}
    </details>`}#n(e,t){let n=e.time===void 0?``:P(e.time);return y`<li>
      <div class="pair"><strong>Version ${e.version}</strong><span>${e.version===t?`holds`:n}</span></div>
      <p class="quiet">${e.cause}</p>
      <p class="quiet">${xc.map(([t])=>`${t} ${e.retrieval?.[t].toFixed(2)??``}`).join(`, `)}</p>
      <div class="pair">
        ${e.turn_id===``?y`<span></span>`:y`<button class="link" type="button" @click=${()=>this.store.showReceipt(e.turn_id)}>
              its turn<span class="unseen"> of version ${e.version}</span>
            </button>`}
        ${this.store.mesh.isOperator&&e.version!==t?y`<button type="button" @click=${()=>void this.#i(e)}>
              Roll back<span class="unseen"> to version ${e.version}</span>
            </button>`:S}
      </div>
    </li>`}async#r(e){e.target.open&&await this.store.adaptation.loadVersions()}async#i(e){if(this.refused=``,await jr({title:`Roll back to version ${e.version}?`,text:`The next recall weighs as it did then. It becomes a new version; no older one is lost.`,act:`Roll back`,refrain:`Leave it`}))try{await this.store.adaptation.rollBack(e.version),this.store.layout.announce(`The weights of version ${e.version} hold again.`)}catch(e){this.refused=O(e).message}}};function Cc({state:e,minimum:t,maximum:n},r,i,a){let o=e.retrieval?.[r]??i,s=[t?.[r]??0,n?.[r]??i],c=`${o.toFixed(3)}, default ${i}, from ${s[0]} to ${s[1]}`;return y`<div class="weight">
    <div class="pair"><span>${a} <span class="quiet">${r}, default ${i}</span></span><strong>${o.toFixed(3)}</strong></div>
    ${oc(o,i,s,`${a}: ${c}`)}
  </div>`}customElements.define(`soma-weights`,Sc);var wc=5e3,Tc=1e3,Ec=class extends z{static styles=[T,E,D,$,rc,ic,o`
      .gauge h2 {
        margin: 0;
      }
      small {
        font-size: inherit;
        font-weight: 400;
      }
      .more {
        margin-top: var(--s2);
      }
      details {
        margin-top: var(--s5);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
    `];#e;watched(){let{mind:e,thread:t}=this.store;return[e.state,e.changes,e.problem,e.findings,t.conversationId]}connectedCallback(){super.connectedCallback(),this.#t()}disconnectedCallback(){super.disconnectedCallback(),clearTimeout(this.#e)}async#t(){document.hidden||await this.store.loadMind(),clearTimeout(this.#e),this.isConnected&&(this.#e=setTimeout(()=>void this.#t(),this.store.sleep.cycleRuns?Tc:wc))}render(){let{mind:e}=this.store,{value:t}=e.state,n=e.problem.value===void 0?S:y`<p class="problem" role="alert">${e.problem.value.message}</p>`;return t===void 0?n:y`
      ${n}
      <section aria-label="State">${t.states.map(n=>ac(n,t.effects,e.history(n.name)))}</section>
      <soma-sleep .store=${this.store}></soma-sleep>
      <soma-weights .store=${this.store}></soma-weights>
      <section aria-labelledby="moved">
        <h2 id="moved">What moved this <span>state ${t.state_version}</span></h2>
        ${this.#i()}
      </section>
      <details @toggle=${e=>void this.#n(e)}>
        <summary>Examine this mind</summary>
        ${this.#r()}
      </details>
    `}async#n(e){e.target.open&&await this.store.mind.examine()}#r(){let{value:e}=this.store.mind.findings;return e===void 0?y`<p class="quiet" role="status">It is being examined.</p>`:y`<ul class="rows">
      ${e.map(({name:e,sound:t,sentence:n})=>y`<li>
          <div class="pair"><strong>${M(j(e))}</strong><span class=${t?``:`trouble`}>${t?`sound`:`wrong`}</span></div>
          <p class="quiet">${n}</p>
        </li>`)}
    </ul>`}#i(){let{mind:e}=this.store;return e.changes.value.length===0?y`<p class="quiet">Nothing yet: every value is at its baseline. A turn moves them.</p>`:y`<ul class="rows">
        ${e.changes.value.map(e=>this.#a(e))}
      </ul>
      ${e.hasMore?y`<button class="plain more" type="button" @click=${()=>void e.loadMore()}>Show older</button>`:S}`}#a(e){let t=new Date(e.time);return y`<li>
      <div class="pair">
        <span>${M(e.name)} ${e.before.toFixed(3)} → ${e.after.toFixed(3)}</span>
        <time datetime=${e.time} title=${wt(e.time)}>${Ct(t)}</time>
      </div>
      <div class="pair">
        <span class="quiet">${M(e.cause)}</span>
        ${e.turn_id===``?S:y`<button class="link" type="button" @click=${()=>this.store.showReceipt(e.turn_id)}>
              its turn<span class="unseen"> of ${Ct(t)}: ${e.cause}</span>
            </button>`}
      </div>
    </li>`}};customElements.define(`soma-mind`,Ec);var Dc=class extends z{static properties={memory:{attribute:!1},how:{attribute:!1},refused:{state:!0},busy:{state:!0}};static styles=[T,E,D,$,o`
      form {
        display: grid;
        gap: var(--s2);
        margin: var(--s2) 0;
      }
      textarea {
        min-height: 72px;
        resize: vertical;
      }
      label {
        display: grid;
        gap: var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .acts {
        display: flex;
        justify-content: flex-end;
        gap: var(--s2);
      }
    `];constructor(){super(),this.refused=``,this.busy=!1}firstUpdated(){this.renderRoot.querySelector(`textarea`)?.focus()}render(){let{memory:e,how:t}=this;return y`<form @submit=${e=>void this.#e(e)} @keydown=${e=>this.#n(e)}>
      <label>
        ${t===`edit`?`What it says`:`What is true instead; the old one is kept as superseded`}
        <textarea name="text" required maxlength="8000" .value=${e.text}></textarea>
      </label>
      ${t===`edit`?y`<label>
              How much it matters, 0 to 1
              <input name="importance" type="number" min="0" max="1" step="0.05" required .value=${String(Math.round(e.importance*100)/100)} />
            </label>
            <label>Labels, with commas between<input name="tags" maxlength="1000" .value=${e.tags.join(`, `)} /></label>`:S}
      ${this.refused===``?S:y`<p class="problem" role="alert">${this.refused}</p>`}
      <div class="acts">
        <button class="plain" type="button" @click=${()=>this.#r()}>Cancel</button>
        <button class="main" type="submit" ?disabled=${this.busy}>${t===`edit`?`Save`:`Correct it`}</button>
      </div>
    </form>`}async#e(e){e.preventDefault();let t=new FormData(e.target),n=String(t.get(`text`)).trim();this.busy=!0;try{this.how===`correct`?await this.store.memories.correct(this.memory,n):await this.#t(n,Number(t.get(`importance`)),Oc(String(t.get(`tags`)))),this.#r(),this.store.layout.announce(this.store.memories.report.value)}catch(e){this.refused=O(e).message}finally{this.busy=!1}}async#t(e,t,n){let{memory:r}=this,i={...e===r.text?{}:{text:e},...Math.abs(t-r.importance)<.005?{}:{importance:t},...n.join(`
`)===r.tags.join(`
`)?{}:{tags:n}};Object.keys(i).length>0&&await this.store.memories.change(r,i)}#n(e){e.key===`Escape`&&(e.stopPropagation(),this.#r())}#r(){this.dispatchEvent(new CustomEvent(`done`))}};function Oc(e){return e.split(`,`).map(e=>e.trim()).filter(e=>e!==``)}customElements.define(`soma-memory-change`,Dc);var kc=class extends z{static properties={memory:{attribute:!1},found:{state:!0},problem:{state:!0}};static styles=[T,E,D,$,o`
      h2,
      ol,
      .here {
        margin: 0 0 0 var(--s1);
        padding: var(--s1) 0 var(--s1) var(--s4);
        border-left: 1px solid var(--outline);
      }
      h2 {
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      ol {
        list-style: none;
      }
      li {
        padding: var(--s1) 0;
      }
      li,
      .here {
        position: relative;
      }
      li::before,
      .here::before {
        position: absolute;
        top: 10px;
        left: calc(-1 * var(--s4) - 4px);
        width: 7px;
        height: 7px;
        border: 1px solid var(--outline);
        border-radius: 50%;
        background: var(--ground);
        content: "";
      }
      .here::before {
        left: -4px;
        background: var(--accent);
      }
      .here {
        font-weight: 600;
      }
      button.link {
        text-align: left;
        overflow-wrap: anywhere;
      }
    `];#e=``;constructor(){super(),this.found=void 0,this.problem=``}updated(){let e=`${this.memory.memory_id} ${this.memory.etag}`;this.#e!==e&&(this.#e=e,this.#t(this.memory.memory_id))}async#t(e){try{this.found=await this.store.memories.lineage(e),this.problem=``}catch(e){this.problem=O(e).message}}render(){if(this.problem!==``)return y`<p class="problem" role="alert">${this.problem}</p>`;if(this.found===void 0)return y`<p class="quiet">Reading where it comes from…</p>`;let{memory:e,versions:t=[],superseded:n=[],superseded_by:r=[],sources:i=[],descendants:a=[]}=this.found,o=t.filter(t=>t.version!==e.version),s=[[`Made of`,i,!0],[`Replaced`,n,!0],[`Earlier versions`,o,!1]],c=[[`Replaced by`,r,!0],[`Made into`,a,!0]];return[...s,...c].every(([,e])=>e.length===0)?y`<p class="quiet">It is as it was learned; nothing took its place.</p>`:y`${s.map(e=>this.#n(e))}
      <p class="here">This memory</p>
      ${c.map(e=>this.#n(e))}`}#n([e,t,n]){return t.length===0?S:y`<h2>${e}</h2>
      <ol>
        ${t.map(e=>y`<li>
            ${n?y`<button class="link" type="button" @click=${()=>this.store.showMemory(e.memory_id)}>${e.text}</button>`:e.text}
            <span class="quiet tiny">${n?`learned ${P(e.learn_time)}`:`version ${e.version}`}</span>
            ${e.valid_to_time===void 0?S:y`<span class="quiet tiny">· held until ${P(e.valid_to_time)}</span>`}
          </li>`)}
      </ol>`}};customElements.define(`soma-memory-lineage`,kc);var Ac=class extends z{static properties={memory:{attribute:!1},hit:{attribute:!1},open:{state:!0},changing:{state:!0}};static styles=[T,E,D,$,o`
      :host {
        padding: var(--s3) 0;
        border-top: 1px solid var(--hairline);
      }
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .text.cut {
        display: -webkit-box;
        white-space: pre-wrap;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 4;
      }
      .score {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0 var(--s5);
        margin: var(--s2) 0;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .score div {
        display: grid;
        grid-template-columns: 72px 1fr 28px;
        align-items: center;
        gap: var(--s2);
      }
      .score .took {
        fill: var(--lane-memory);
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s1);
        margin-top: var(--s1);
      }
      .foot > span {
        flex: 1;
      }
      .foot button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      dl {
        margin: var(--s2) 0;
      }
    `];constructor(){super(),this.open=!1,this.changing=void 0}render(){let{memory:e,hit:t}=this,n=St(e.source_class,`SOURCE_CLASS_`);return y`
      <p class=${this.open?`text`:`text cut`}>${e.text}</p>
      ${t===void 0?S:jc(t)}
      <div class="foot">
        <span class="quiet tiny">${[...Mc(t),St(e.kind,`MEMORY_KIND_`),n,...Pc(e)].join(` · `)}</span>
        <button class="plain" type="button" aria-expanded=${this.open} @click=${()=>this.open=!this.open}>Details</button>
        <button class="plain" type="button" @click=${()=>void this.#a()}>Forget</button>
      </div>
      ${this.open?this.#e(e):S}
    `}#e(e){return y`
      ${this.changing===void 0?y`<div class="foot">
            <span></span>
            ${this.#t(`Edit`,()=>this.changing=`edit`,`edit`)}
            ${e.superseded_by===``?this.#t(`Correct`,()=>this.changing=`correct`,`correct`):S}
            ${this.#t(e.pinned?`Unpin`:`Pin`,()=>void this.#r())}
            ${e.source_id===``?S:this.#t(`Same source`,()=>void this.store.memories.from(e.source_id))}
            ${e.conversation_id===``?S:this.#t(`To the message`,()=>this.#i())}
          </div>`:y`<soma-memory-change
            .store=${this.store}
            .memory=${e}
            .how=${this.changing}
            @done=${()=>void this.#n()}
          ></soma-memory-change>`}
      ${Fc(e)}
      <soma-memory-lineage .store=${this.store} .memory=${e}></soma-memory-lineage>
    `}#t(e,t,n=``){return y`<button class="plain" type="button" id=${n===``?S:n} @click=${t}>${e}</button>`}async#n(){let{changing:e=`edit`}=this;this.changing=void 0,await this.updateComplete;let{renderRoot:t}=this;(t.querySelector(`#${e}`)??t.querySelector(`[aria-expanded]`))?.focus()}async#r(){try{await this.store.memories.change(this.memory,{pinned:!this.memory.pinned})}catch(e){this.store.memories.problem.value=O(e)}this.store.layout.announce(this.store.memories.report.value)}#i(){let{conversation_id:e,source_class:t,source_id:n}=this.memory;this.store.openChat(e,t===`SOURCE_CLASS_USER_SAID`?n:``),this.store.layout.narrow.value&&this.store.layout.closeDrawer()}async#a(){let{memory:e}=this,t=e.access_count===0?`It was never recalled`:`It was recalled ${A(e.access_count,`time`)}`;if(await jr({title:`Forget this memory?`,text:`“${e.text.slice(0,160)}” will be deleted for good, with its vector and its words in the search. ${t}; answers that used it and their receipts stay as they are.`,act:`Forget it`})){try{await this.store.memories.forget(e)}catch(e){this.store.memories.problem.value=O(e)}this.store.layout.announce(this.store.memories.report.value)}}};function jc(e){let{vector:t,lexical:n,recency:r,importance:i,context:a,graph:o,time:s,speaker:c}=e.parts,l=[[`meaning`,t],[`words`,n],[`recency`,r],[`weight`,i],...Nc(`neighbours`,a),...Nc(`links`,o),...Nc(`time`,s),...Nc(`name`,c)];return y`<div class="score" role="group" aria-label=${`Score ${e.score.toFixed(2)}`}>
    ${l.map(([e,t])=>y`<div>
        <span>${e}</span>
        <svg class="bar" height="4" aria-hidden="true">
          <rect class="track" width="100%" height="4" rx="2"></rect>
          <rect class="took" width=${`${100*Math.min(1,Math.max(0,t??0))}%`} height="4" rx="2"></rect>
        </svg>
        <span class="number">${t===void 0?`–`:t.toFixed(2)}</span>
      </div>`)}
  </div>`}function Mc(e){return e===void 0?[]:[`score ${e.score.toFixed(2)}`]}function Nc(e,t){return t===void 0?[]:[[e,t]]}function Pc(e){let{expire_time:t,quarantined:n,superseded_by:r,retire_time:i,pinned:a}=e,o=t!==void 0&&new Date(t)<=new Date;return[[n,`hidden by a quarantine`],[r!==``,`superseded`],[i!==void 0&&r===``,`at rest`],[o,`expired`],[a,`pinned`]].filter(([e])=>e).map(([,e])=>e)}function Fc(e){return y`<dl>
    ${[[`Learned`,P(e.learn_time)],[`Lives with`,e.namespace],[`About`,e.subject],[`Said by`,e.speaker],[`Source`,e.source_id],[`Trust`,e.trust.toFixed(2)],[`Importance`,e.importance.toFixed(2)],[`Recalled`,A(e.access_count,`time`)],[`Size`,A(e.token_count,`token`)],[`Labels`,e.tags.join(`, `)],[`Fact`,`${e.predicate} ${e.object}`.trim()],[`Holds from`,e.valid_from_time===void 0?``:P(e.valid_from_time)],[`Holds until`,e.valid_to_time===void 0?``:P(e.valid_to_time)],[`Expires`,e.expire_time===void 0?``:P(e.expire_time)],[`Out of recall since`,e.retire_time===void 0?``:P(e.retire_time)],[`Version`,String(e.version)],[`Id`,y`<a href=${`#memory=${e.memory_id}`}><code>${e.memory_id}</code></a>`]].filter(([,e])=>e!==``).map(([e,t])=>y`<dt>${e}</dt><dd>${t}</dd>`)}
  </dl>`}customElements.define(`soma-memory-card`,Ac);var Ic=[[`MEMORY_KIND_EPISODIC`,`episodic`],[`MEMORY_KIND_SEMANTIC`,`semantic`],[`MEMORY_KIND_PROCEDURAL`,`procedural`]],Lc=class extends z{static styles=[T,E,o`
      .narrow {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s2);
        margin: var(--s2) 0 var(--s4);
      }
      select {
        min-height: 28px;
        padding: 0 var(--s1);
        font-size: var(--size-tiny);
      }
      label {
        display: flex;
        align-items: center;
        gap: var(--s1);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      label input {
        min-height: 0;
        accent-color: var(--accent);
      }
    `];watched(){let{memories:e,thread:t}=this.store;return[e.filters,e.query,t.conversationId]}render(){let{value:e}=this.store.memories.filters,t=this.store.thread.conversationId.value;return y`<div class="narrow">
      <select aria-label="Kind" @change=${e=>this.#r({kinds:Rc(e)===``?[]:[Rc(e)]})}>
        <option value="" ?selected=${e.kinds.length===0}>every kind</option>
        ${Ic.map(([t,n])=>y`<option value=${t} ?selected=${e.kinds.includes(t)}>${n}</option>`)}
      </select>
      ${this.#e?this.#n(e.min_importance):S}
      ${this.#e?this.#t(e.held_on):S}
      <input
        aria-label="About whom"
        placeholder="about whom"
        maxlength="256"
        .value=${e.subject}
        @change=${e=>this.#r({subject:e.target.value.trim()})}
      />
      ${this.#e?S:y`<label>
            <input
              type="checkbox"
              .checked=${e.include_retired}
              @change=${e=>this.#r({include_retired:e.target.checked})}
            />
            also what rests
          </label>`}
      ${this.#e||e.source_id===``?S:y`<label>
            <input type="checkbox" checked @change=${()=>this.#r({source_id:``})} />
            of one source
          </label>`}
      ${t===``?S:y`<label>
            <input
              type="checkbox"
              .checked=${e.conversation_id===t}
              @change=${e=>this.#r({conversation_id:e.target.checked?t:``})}
            />
            of this conversation
          </label>`}
    </div>`}get#e(){return this.store.memories.query.value.trim()!==``}#t(e){return y`<label>
      held on
      <input
        type="date"
        aria-label="Held on"
        .value=${e}
        @change=${e=>this.#r({held_on:e.target.value})}
      />
    </label>`}#n(e){return y`<select aria-label="Importance" @change=${e=>this.#r({min_importance:Number(Rc(e))})}>
      ${[0,.5,.7,.9].map(t=>y`<option value=${t} ?selected=${e===t}>${t===0?`any importance`:`importance ≥ ${t}`}</option>`)}
    </select>`}#r(e){let{filters:t}=this.store.memories;t.value={...t.value,...e},this.store.memories.search()}};function Rc(e){return e.target.value}customElements.define(`soma-memory-narrow`,Lc);var zc=150,Bc=class extends z{static properties={refused:{state:!0}};static styles=[T,E,D,$,o`
      select {
        min-height: 28px;
        padding: 0 var(--s1);
        font-size: var(--size-tiny);
      }
      .quiet {
        margin-bottom: var(--s2);
      }
      details {
        margin-top: var(--s5);
      }
      summary {
        width: fit-content;
        color: var(--accent);
        cursor: pointer;
      }
      form {
        display: grid;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      textarea {
        min-height: 72px;
        resize: vertical;
      }
      form div {
        display: flex;
        justify-content: space-between;
        gap: var(--s2);
      }
    `];#e;#t=``;constructor(){super(),this.refused=``}connectedCallback(){super.connectedCallback(),this.store.memories.search()}updated(){let{value:e}=this.store.memories.report;e!==this.#t&&e!==``&&document.activeElement===document.body&&this.renderRoot.querySelector(`input[type=search]`)?.focus(),this.#t=e}watched(){let{memories:e}=this.store,{found:t,problem:n,wanted:r,report:i,undo:a,query:o,newest:s,stats:c}=e;return[t,n,r,i,a,o,s.rows,s.problem,c]}render(){let{memories:e}=this.store,{value:t}=e.wanted;return y`
      <div class="filter">
        ${w(`search`)}
        <input
          type="search"
          aria-label="Search memories"
          placeholder="Search what is remembered"
          .value=${e.query.value}
          @input=${e=>this.#l(e.target.value)}
        />
      </div>
      <soma-memory-narrow .store=${this.store}></soma-memory-narrow>
      ${this.#r()}
      ${e.problem.value===void 0?S:y`<p class="problem" role="alert">${e.problem.value.message}</p>`}
      ${t===void 0?S:y`<soma-memory-card .store=${this.store} .memory=${t}></soma-memory-card>`}
      ${this.#n?this.#s():this.#a()} ${this.#c()}
    `}get#n(){return this.store.memories.query.value.trim()!==``}#r(){let{report:e,undo:t}=this.store.memories;if(e.value===``)return S;let{value:n}=t;return y`<p class="notice" role="status">
      ${e.value}
      ${n===void 0?S:y`<button class="link" type="button" @click=${()=>void this.#i(n)}>Undo</button>`}
    </p>`}async#i(e){try{await e()}catch(e){this.store.memories.problem.value=O(e)}this.store.layout.announce(this.store.memories.report.value)}#a(){let{newest:e,wanted:t}=this.store.memories;if(e.problem.value!==void 0)return y`<p class="problem" role="alert">${e.problem.value.message}</p>`;let{value:n}=e.rows,{value:r}=t;return y`
      <p class="quiet">Type what it is about: memories are found by meaning and by words. ${this.#o()}</p>
      ${n===void 0?y`<p class="quiet">Reading the newest…</p>`:S}
      ${n?.length===0?y`<p class="quiet">Nothing is remembered here yet. What you say of yourself in a conversation will be.</p>`:S}
      ${ri((n??[]).filter(e=>e.memory_id!==r?.memory_id),e=>e.memory_id,e=>y`<soma-memory-card .store=${this.store} .memory=${e}></soma-memory-card>`)}
      ${e.hasMore?y`<button type="button" @click=${()=>void e.more()}>Show older</button>`:S}
    `}#o(){let{value:e}=this.store.memories.stats;if(e===void 0)return S;let t=t=>(e.namespaces??[]).reduce((e,n)=>e+Number(n[t]),0),n=this.store.mesh.isOperator&&t(`quarantined_count`)>0?`, ${k(t(`quarantined_count`))} hidden`:``;return y`${A(t(`memory_count`),`memory`,`memories`)} of ${A(t(`token_count`),`token`)},
    ${k(t(`resting_count`))} at rest${n}.${e.vector_index_up?``:` The index of meanings is away: words, links and times still find.`}`}#s(){let{value:e}=this.store.memories.found;return e===void 0?this.store.memories.problem.value===void 0?y`<p class="quiet">Searching…</p>`:S:y`
      ${e.degraded_reasons.map(e=>y`<p class="notice warn">${e}</p>`)}
      <p class="quiet" role="status">
        ${e.hits.length===0?`Nothing that is remembered fits.`:`${A(e.hits.length,`memory`,`memories`)}, the best first.`}
      </p>
      ${ri(e.hits,e=>e.memory.memory_id,e=>y`<soma-memory-card .store=${this.store} .memory=${e.memory} .hit=${e}></soma-memory-card>`)}
    `}#c(){return y`<details>
      <summary>Keep something</summary>
      <form @submit=${e=>void this.#u(e)}>
        <textarea name="text" required maxlength="8000" aria-label="What to remember" placeholder="One thing, in one sentence"></textarea>
        <div>
          <select name="kind" aria-label="Kind of the new memory">
            ${Ic.map(([e,t])=>y`<option value=${e} ?selected=${t===`semantic`}>${t}</option>`)}
          </select>
          <button class="main" type="submit">Keep it</button>
        </div>
        ${this.refused===``?S:y`<p class="problem" role="alert">${this.refused}</p>`}
      </form>
    </details>`}#l(e){this.store.memories.query.value=e,this.store.memories.wanted.value=void 0,this.store.memories.report.value=``,this.store.memories.undo.value=void 0,clearTimeout(this.#e),this.#e=setTimeout(()=>void this.store.memories.search(),zc)}async#u(e){e.preventDefault();let t=e.target,n=new FormData(t);try{await this.store.memories.add(String(n.get(`text`)),String(n.get(`kind`))),this.refused=``,t.reset(),this.store.layout.announce(this.store.memories.report.value)}catch(e){this.refused=O(e).message}}};customElements.define(`soma-memory`,Bc);var Vc=[[`BUDGET_SCOPE_TENANT`,`everybody together`],[`BUDGET_SCOPE_USER`,`one user`],[`BUDGET_SCOPE_AGENT`,`one agent`],[`BUDGET_SCOPE_CONVERSATION`,`one conversation`]],Hc=[[`BUDGET_PERIOD_TURN`,`turn`],[`BUDGET_PERIOD_DAY`,`day`],[`BUDGET_PERIOD_MONTH`,`month`],[`BUDGET_PERIOD_TOTAL`,`total`]];function Uc(e){return Yc(e.limit_tokens,e.used_tokens,e.held_tokens,e.debt_tokens)}function Wc(e){return Yc(e.limit_micros,e.used_micros,e.held_micros,e.debt_micros)}function Gc(e){return Hc.find(([t])=>t===e)?.[1]??e}function Kc(e){return Vc.some(([t])=>t===e.scope)?e.scope:`BUDGET_SCOPE_TENANT`}function qc(e){return`${Kc(e)} ${e.scope_id} ${e.period}`}function Jc(e){let t=e=>10*Vc.findIndex(([t])=>t===Kc(e))+Hc.findIndex(([t])=>t===e.period);return[...e].sort((e,n)=>t(e)-t(n)||e.scope_id.localeCompare(n.scope_id))}function Yc(e,t,n,r){let[i,a,o,s]=[Number(e),Number(t),Number(n),Number(r??0)];return{limit:i,used:a,held:o,debt:s,left:Math.max(0,i-a-o-s)}}var Xc=o`
  .budget {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .budget:last-child {
    border-bottom: 1px solid var(--hairline);
  }
  .budget h3 {
    overflow-wrap: anywhere;
  }
  .budget svg {
    margin: var(--s1) 0 2px;
  }
  .budget .used {
    fill: var(--accent);
  }
  .budget .held {
    fill: var(--accent-soft);
    stroke: var(--accent);
    stroke-width: 1;
  }
  .budget .debt {
    fill: var(--bad);
  }
  .budget .full .used {
    fill: var(--bad);
  }
`;function Zc(e,t){let n=e.period===`BUDGET_PERIOD_TURN`,r=[[Uc(e),e=>A(e,`token`)],[Wc(e),e=>yt(e)]];return y`<li class="budget">
    <div class="pair">
      <h3>${M(t)} · ${Gc(e.period)}</h3>
      <span>${e.hard?`hard`:`soft`}</span>
    </div>
    ${r.filter(([e])=>e.limit>0).map(([e,t])=>n?Qc(e,t):$c(e,t))}
    <p class="quiet">${tl(e)}</p>
  </li>`}function Qc(e,t){return y`<p>At most ${t(e.limit)} for all model calls of a turn.</p>`}function $c(e,t){let{limit:n,used:r,held:i,debt:a,left:o}=e,s=[`${t(r)} used`,`${t(i)} held`,a>0?`${t(a)} owed`:``].filter(e=>e!==``),c=Math.max(n,r+i+a);return y`<svg class=${o===0?`bar full`:`bar`} height="10" role="img" aria-label=${`${s.join(`, `)}, ${t(o)} left of ${t(n)}`}>
      <rect class="track" width="100%" height="10" rx="2"></rect>
      ${el(`used`,0,r,c)} ${el(`held`,r,i,c)} ${el(`debt`,r+i,a,c)}
    </svg>
    <p>${t(o)} left of ${t(n)}</p>
    <p class="quiet">${s.join(`, `)}</p>`}function el(e,t,n,r){let i=e=>`${(100*e/r).toFixed(2)}%`;return n>0?b`<rect class=${e} x=${i(t)} width=${i(n)} height="10"></rect>`:S}function tl(e){return`${e.hard?`A turn that does not fit is refused.`:`It refuses nothing; it only lowers the level.`}${e.reset_time===void 0?``:` It starts anew ${P(e.reset_time)}.`}`}var nl=1e6,rl=`BUDGET_SCOPE_TENANT`,il=`BUDGET_SCOPE_AGENT`,al=class extends z{static properties={scope:{state:!0},refused:{state:!0}};static styles=[T,E,D,$,o`
      :host {
        margin-top: var(--s5);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
      form {
        display: grid;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      label {
        display: grid;
        gap: 2px;
        color: var(--ink-soft);
      }
      label.check {
        display: flex;
        align-items: center;
        gap: var(--s2);
        color: var(--ink);
      }
      label.check input {
        min-height: 0;
        accent-color: var(--accent);
      }
      input,
      select {
        min-width: 0;
        color: var(--ink);
      }
      .two {
        display: grid;
        grid-template-columns: 1fr 1fr;
        align-items: start;
        gap: var(--s2);
      }
      .wrong {
        color: var(--bad);
      }
      button.main {
        justify-self: end;
      }
    `];constructor(){super(),this.scope=rl,this.refused=void 0}render(){let e=this.refused!==void 0&&!this.refused.violations.some(({field:e})=>ol.includes(e));return y`<details>
      <summary>Set a budget</summary>
      <form @submit=${e=>void this.#i(e)}>
        <div class="two">
          <label>
            Whose
            <select name="scope" @change=${e=>this.scope=e.target.value}>
              ${Vc.map(([e,t])=>y`<option value=${e} ?selected=${e===this.scope}>${t}</option>`)}
            </select>
          </label>
          <label>
            How long
            <select name="period">
              ${Hc.map(([e,t])=>y`<option value=${e} ?selected=${t===`day`}>${t}</option>`)}
            </select>
          </label>
        </div>
        ${this.scope===rl?S:this.#e()}
        <div class="two">${this.#t(`limit_tokens`,`Tokens, 0 for no limit`,`1`)} ${this.#t(`limit_micros`,`Dollars, 0 for no limit`,`any`)}</div>
        <label class="check"><input type="checkbox" name="hard" checked /> A turn that does not fit is refused</label>
        ${e?y`<p class="problem" role="alert">${this.refused?.message}</p>`:S}
        <button class="main" type="submit">Set it</button>
      </form>
    </details>`}#e(){let{mesh:e,thread:t}=this.store;return this.scope===il?y`<label>
        Which agent
        <select name="scope_id">
          <option value="">each that has none of its own</option>
          ${e.agents.value.map(e=>y`<option value=${e.agent_id}>${e.name}</option>`)}
        </select>
        ${this.#r(`scope_id`)}
      </label>`:y`<label>
      Which one, by its id; empty for each that has none of its own
      <input name="scope_id" maxlength="256" autocomplete="off" .value=${this.scope===`BUDGET_SCOPE_USER`?e.userId:t.conversationId.value} aria-invalid=${this.#n(`scope_id`)} />
      ${this.#r(`scope_id`)}
    </label>`}#t(e,t,n){return y`<label>
      ${t}
      <input type="number" name=${e} min="0" step=${n} value="0" required inputmode="decimal" aria-invalid=${this.#n(e)} />
      ${this.#r(e)}
    </label>`}#n(e){return this.refused?.violations.some(({field:t})=>t===e)??!1}#r(e){let t=this.refused?.violations.find(({field:t})=>t===e);return t===void 0?S:y`<span class="wrong" role="alert">${t.description}</span>`}async#i(e){e.preventDefault();let t=sl(new FormData(e.target));if(this.refused=void 0,await jr(this.#a(t)))try{await this.store.budgets.set(t),this.store.layout.announce(`The budget is set.`),await Promise.all([this.store.loadBudgets(),this.store.mesh.refresh()])}catch(e){this.refused=O(e)}}#a(e){let[t,n]=[Number(e.limit_tokens),Number(e.limit_micros)],r=Vc.find(([t])=>t===e.scope)?.[1]??``,i=e.scope===rl?r:e.scope_id===``?r.replace(`one`,`each`):`${r}, ${this.#o(e)}`,a=[t>0?`${k(t)} tokens`:``,n>0?yt(n):``].filter(e=>e!==``).join(` and `),o=a===``?`There will be no limit any more.`:`It will be ${a}, ${e.hard?`and turns that do not fit are refused`:`and it only lowers the level`}. ${e.scope===rl?`What is used already counts`:`One that is new counts from now on`}.`;return{title:`Set the ${Gc(e.period)} budget of ${i}?`,text:o,act:`Set it`,refrain:`Leave it`}}#o(e){return this.store.mesh.agents.value.find(t=>t.agent_id===e.scope_id)?.name??e.scope_id}},ol=[`scope_id`,`limit_tokens`,`limit_micros`];function sl(e){let t=t=>String(e.get(t)??``).trim();return{scope:t(`scope`),scope_id:t(`scope_id`),period:t(`period`),limit_tokens:t(`limit_tokens`)||`0`,limit_micros:String(Math.round(nl*Number(t(`limit_micros`)||`0`))),hard:e.get(`hard`)!==null}}customElements.define(`soma-budget-form`,al);var cl=class extends z{static styles=[T,E,D,$,Xc];watched(){let{budgets:e,configuration:t,mesh:n,thread:r,chats:i}=this.store,a=[e.all.rows,e.all.problem,e.spent.rows,e.spent.problem];return[e.mine,e.problem,...a,t.now,n.roles,n.agents,r.conversationId,i.list]}#e=``;willUpdate(){let{mesh:e,thread:t,configuration:n}=this.store,r=`${t.conversationId.value} ${e.isOperator}`;r!==this.#e&&(this.#e=r,this.store.loadBudgets()),this.hasUpdated||n.loadNow()}render(){let{mesh:e}=this.store;return y`
      ${this.#t()} ${ll(this.store.configuration.now.value?.version.config?.rates)} ${this.#i()}
      ${e.isOperator?this.#o():S}
      ${e.isAdmin?y`<soma-budget-form .store=${this.store}></soma-budget-form>`:y`<section><p class="quiet">An administrator can set budgets.</p></section>`}
    `}#t(){let{mine:e,problem:t}=this.store.budgets,n=e.value?.[0]?.open_holds??0;return y`<section aria-labelledby="mine">
      <h2 id="mine">What applies here <span>${n===0?``:A(n,`open hold`)}</span></h2>
      ${t.value===void 0?S:y`<p class="problem" role="alert">${t.value.message}</p>`}
      ${e.value===void 0?t.value===void 0?y`<p class="quiet" role="status">The budgets are being read.</p>`:S:this.#n(e.value,`No budget limits what you may spend.`)}
    </section>`}#n(e,t){return e.length===0?y`<p class="quiet">${t}</p>`:y`<ul>
          ${Jc(e).map(e=>Zc(e,this.#r(e)))}
        </ul>`}#r(e){let{mesh:t,thread:n,chats:r}=this.store,i=e.scope_id;switch(Kc(e)){case`BUDGET_SCOPE_USER`:return i===``?`each user`:i===t.userId?`you`:`user ${i}`;case`BUDGET_SCOPE_AGENT`:return i===``?`each agent`:`agent ${t.agents.value.find(e=>e.agent_id===i)?.name??i}`;case`BUDGET_SCOPE_CONVERSATION`:{let e=r.list.value?.find(e=>e.conversation_id===i),t=e===void 0?`conversation ${i}`:`“${r.nameOf(e)}”`;return i===``?`each conversation`:i===n.conversationId.value?`this conversation`:t}default:return`everybody together`}}#i(){let{rows:e,problem:t}=this.store.budgets.spent;return y`<section aria-labelledby="spent">
      <h2 id="spent">What the last turns cost</h2>
      ${t.value===void 0?S:y`<p class="problem" role="alert">${t.value.message}</p>`}
      ${e.value?.length===0?y`<p class="quiet">Nobody has asked anything yet.</p>`:S}
      <ol class="rows">
        ${(e.value??[]).map(e=>this.#a(e))}
      </ol>
    </section>`}#a(e){return y`<li class="pair">
      <button class="link" type="button" @click=${()=>this.store.showReceipt(e.receipt_id)}>
        ${P(e.plan_time)}${e.owner_sub===this.store.mesh.userId?``:` by ${e.owner_sub}`}<span class="unseen">: open its receipt</span>
      </button>
      <span>${e.settle_time===void 0?`not settled`:`${k(e.tokens)} tokens, ${vt(e.cost_micros)}`}</span>
    </li>`}#o(){let{all:e,mine:t}=this.store.budgets,n=new Set((t.value??[]).map(e=>qc(e))),r=e.rows.value?.filter(e=>!n.has(qc(e)));return y`<section aria-labelledby="others">
      <h2 id="others">Other budgets</h2>
      ${e.problem.value===void 0?S:y`<p class="problem" role="alert">${e.problem.value.message}</p>`}
      ${r===void 0?S:this.#n(r,`Nothing is limited for anybody else.`)}
      ${e.hasMore?y`<button class="plain" type="button" @click=${()=>void e.more()}>Show more</button>`:S}
    </section>`}};function ll(e){if(e===void 0)return S;let t=[[`Model calls a minute`,e.tenant_calls_per_minute,e.user_calls_per_minute],[`Tokens a minute`,e.tenant_tokens_per_minute,e.user_tokens_per_minute],[`Turns at once`,e.tenant_concurrent_turns,e.user_concurrent_turns]].filter(([,e,t])=>Number(e)>0||Number(t)>0),n=e=>Number(e)===0?`no limit`:k(e);return y`<section aria-labelledby="rates">
    <h2 id="rates">How fast</h2>
    ${t.length===0?y`<p class="quiet">Nothing limits how many calls, tokens or turns there may be at once.</p>`:y`<dl>${t.map(([e,t,r])=>y`<dt>${e}</dt><dd>${n(t)} together, ${n(r)} for each user</dd>`)}</dl>`}
  </section>`}customElements.define(`soma-budget`,cl);var ul=10,dl=o`
  .calibration {
    padding: var(--s3) 0;
    border-top: 1px solid var(--hairline);
  }
  .calibration svg {
    width: 100%;
    height: 96px;
    margin: var(--s2) 0 0;
  }
  .calibration .observed {
    fill: var(--accent);
  }
  .calibration .predicted {
    stroke: var(--ink);
    stroke-width: 2;
  }
  .calibration .ground {
    stroke: var(--outline);
    stroke-width: 1;
  }
  .calibration .ends {
    display: flex;
    justify-content: space-between;
    color: var(--ink-soft);
    font-size: var(--size-tiny);
  }
`;function fl(e){return y`<section aria-labelledby="calibration">
    <h2 id="calibration">How well AIQ is predicted</h2>
    ${e.length===0?y`<p class="quiet">Nothing was compared yet: every turn that is settled adds to it.</p>`:e.map(e=>pl(e))}
  </section>`}function pl(e){return y`<div class="calibration">
    <div class="pair"><h3>${e.model}</h3><span>${A(Number(e.turns),`turn`)}</span></div>
    <p class="quiet">${ml(e)}</p>
    ${e.bins.length===0?S:hl(e)}
  </div>`}function ml(e){let t=e.mean_error;return`On average ${Math.abs(t)<.5?`as good as predicted`:`${Math.abs(t).toFixed(1)} ${t>0?`better`:`worse`} than predicted`}; off by ${e.mean_absolute_error.toFixed(1)} a turn; expected calibration error ${e.expected_calibration_error.toFixed(1)}.`}function hl(e){return y`<svg role="img" aria-label=${e.bins.map(e=>_l(e)).join(` `)}>
      <line class="ground" x1="0" x2="100%" y1="100%" y2="100%"></line>
      ${e.bins.map(e=>gl(e))}
    </svg>
    <div class="ends"><span>0</span><span>bar observed, line predicted</span><span>100</span></div>`}function gl(e){let t=100/ul*Math.min(9,Math.floor(e.from/ul)),[n,r]=[100-e.mean_observed,100-e.mean_predicted];return b`<g>
    <title>${_l(e)}</title>
    <rect class="observed" x=${`${t+1}%`} width="8%" y=${`${n.toFixed(1)}%`} height=${`${e.mean_observed.toFixed(1)}%`}></rect>
    <line class="predicted" x1=${`${t+.5}%`} x2=${`${t+9.5}%`} y1=${`${r.toFixed(1)}%`} y2=${`${r.toFixed(1)}%`}></line>
  </g>`}function _l(e){return`Predicted ${e.mean_predicted.toFixed(0)}, observed ${e.mean_observed.toFixed(0)}, in ${k(e.turns)} ${e.turns===`1`?`turn`:`turns`}.`}var vl=[[`dependency`,`state`],[`lane`],[`level`]],yl=/^(DEGRADATION_LEVEL|DEPENDENCY_STATE|LANE_PROFILE)_/;function bl(e){let t=new Map;return Sl(e,[],t),t}function xl(e,t){let[n,r]=[bl(e),bl(t)];return[...new Set([...r.keys(),...n.keys()])].map(e=>({name:e,before:n.get(e)??`none`,after:r.get(e)??`none`})).filter(e=>e.before!==e.after)}function Sl(e,t,n){if(Array.isArray(e))e.forEach((e,r)=>Cl(e,t,r,n));else if(wl(e))for(let[r,i]of Object.entries(e))Sl(i,[...t,j(r)],n);else n.set(t.join(`, `),Tl(e))}function Cl(e,t,n,r){let i=wl(e)?vl.find(t=>t.every(t=>t in e)):void 0;if(!wl(e)||i===void 0){Sl(e,[...t,String(n+1)],r);return}let a=i.map(t=>Tl(e[t])).join(` `),o=Object.entries(e).filter(([e])=>!i.includes(e));Sl(Object.fromEntries(o),[...t,a],r)}function wl(e){return typeof e==`object`&&!!e}function Tl(e){if(typeof e==`number`)return gt(e);let t=String(e);return yl.test(t)?El(t.replace(yl,``)):j(t)}function El(e){return/^L\d$/.test(e)?e:j(e.toLowerCase())}var Dl=6,Ol=class extends z{static properties={opened:{state:!0},refused:{state:!0}};static styles=[T,E,D,$,o`
      :host {
        margin-top: var(--s5);
      }
      li > .foot {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: var(--s2);
      }
      .foot button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      .changes dd {
        text-align: left;
      }
      form {
        display: flex;
        gap: var(--s2);
        margin-top: var(--s2);
      }
      form input {
        flex: 1;
        min-width: 0;
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
    `];constructor(){super(),this.opened=void 0,this.refused=``}watched(){let{configuration:e,mesh:t}=this.store;return[e.now,e.problem,e.versions.rows,e.versions.problem,t.roles]}render(){let{now:e,problem:t,versions:n}=this.store.configuration,r=this.refused||(t.value??n.problem.value)?.message,i=n.rows.value??[],a=e.value?.version.version;return y`<section aria-labelledby="configuration">
      <h2 id="configuration">Configuration <span>${a===void 0?``:`version ${a} holds`}</span></h2>
      ${r?y`<p class="problem" role="alert">${r}</p>`:S}
      <ol class="rows">
        ${i.map(e=>this.#e(e,a))}
      </ol>
      ${n.hasMore?y`<button class="plain" type="button" @click=${()=>void n.more()}>Show older</button>`:S}
    </section>`}#e(e,t){let n=this.opened?.number===e.version;return y`<li>
      <div class="pair"><strong>Version ${e.version}</strong><span>${e.version===t?`holds`:``}</span></div>
      <p class="quiet">${kl(e)}</p>
      ${e.comment===``?S:y`<p>${e.comment}</p>`}
      <div class="foot">
        <span class="quiet">${e.changed_fields.map(e=>j(e)).join(`, `)}</span>
        <button class="plain" type="button" aria-expanded=${n} @click=${()=>void this.#n(e.version)}>
          ${n?`Hide`:`Show`} values<span class="unseen"> of version ${e.version}</span>
        </button>
      </div>
      ${n?this.#t(e,t):S}
    </li>`}#t(e,t){let{version:n,changes:r}=this.opened??{};return n===void 0?y`<p class="quiet" role="status">The values are being read.</p>`:y`
      ${r===void 0?S:Al(r)}
      <details>
        <summary>All values</summary>
        <dl>${[...bl(n.config??{})].map(([e,t])=>y`<dt>${e}</dt><dd>${t}</dd>`)}</dl>
      </details>
      ${this.store.mesh.isAdmin&&e.version!==t?y`<form @submit=${e=>void this.#r(e,n)}>
            <input name="comment" maxlength="500" aria-label="Why it is restored" placeholder="Why (if you like)" autocomplete="off" />
            <button type="submit">Restore this version</button>
          </form>`:S}
    `}async#n(e){if(this.refused=``,this.opened?.number===e){this.opened=void 0;return}let t={number:e};this.opened=t;try{let{configuration:n}=this.store,[r,i]=await Promise.all([n.read(e),e===0?void 0:n.read(e-1)]);this.opened===t&&(this.opened=i===void 0?{number:e,version:r}:{number:e,version:r,changes:xl(i.config,r.config)})}catch(e){this.refused=O(e).message,this.opened=void 0}}async#r(e,t){e.preventDefault();let n=String(new FormData(e.target).get(`comment`)??``).trim(),{configuration:r}=this.store,i=xl(r.now.value?.version.config,t.config),a=i.slice(0,Dl).map(e=>`${e.name} from ${e.before} to ${e.after}`),o=i.length>Dl?` and ${A(i.length-Dl,`more`)}`:``;if(await jr({title:`Restore version ${t.version}?`,text:`The next turn is planned by it. ${i.length===0?`No value changes`:`It changes ${a.join(`; `)}${o}`}. It becomes a new version; no older one is lost.`,act:`Restore it`,refrain:`Leave it`}))try{await r.restore(t.version,n),this.opened=void 0,this.store.layout.announce(`The values of version ${t.version} hold again.`)}catch(e){this.refused=O(e).message}}};function kl(e){if(e.create_time===void 0)return`The values that come with the system.`;let t=e.restores_version>0?`, restoring version ${e.restores_version}`:``;return`${P(e.create_time)} by ${e.changed_by}${t}`}function Al(e){return e.length===0?y`<p class="quiet">No value differs from the version before.</p>`:y`<dl class="changes">
        ${e.map(({name:e,before:t,after:n})=>y`<dt>${M(e)}</dt><dd>${t} → ${n}</dd>`)}
      </dl>`}customElements.define(`soma-config-versions`,Ol);var jl=class extends z{static styles=[T,E,D,$,dl,o`
      .now {
        display: flex;
        align-items: baseline;
        gap: var(--s3);
        margin-bottom: var(--s2);
      }
      .now strong {
        font-size: 20px;
      }
    `];watched(){let{level:e,configuration:t}=this.store;return[e.status,e.problem,t.now,t.problem]}connectedCallback(){super.connectedCallback(),this.store.configuration.load()}render(){let{level:e,configuration:t}=this.store,{value:n}=e.status;return y`
      <section aria-labelledby="level">
        <h2 id="level">Level between turns</h2>
        ${e.problem.value===void 0?S:y`<p class="problem" role="alert">${e.problem.value.message}</p>`}
        ${n===void 0?this.#e():Ml(n)}
      </section>
      ${n===void 0?S:Yo(n.dependencies)}
      ${t.now.value===void 0?S:fl(t.now.value.calibration)}
      <soma-config-versions .store=${this.store}></soma-config-versions>
    `}#e(){return this.store.level.problem.value===void 0?y`<p class="quiet" role="status">The mesh is being asked.</p>`:S}};function Ml(e){let t=e.since===void 0?``:`since ${P(e.since)}`,n=N(e.level)===`L0`,r=n&&e.reasons.length>0?`Answers are as usual; this is good to know.`:zr(e.level);return y`<p class="now"><strong>${N(e.level)}</strong> <span>${r} <span class="quiet">${t}</span></span></p>
    ${e.reasons.length===0&&n?y`<p class="quiet">Nothing demands less.</p>`:S}
    ${e.reasons.map(e=>y`<p class=${N(e.level)===`L0`?`notice`:`notice warn`}>
        <strong>${N(e.level)}</strong> ${e.sentence} <span class="quiet">(${e.source})</span>
      </p>`)}
    ${n?S:y`<p class="quiet">${Nl(e)}</p>`}`}function Nl({good_checks:e,good_checks_to_recover:t}){return e===0?`When the cause is gone, ${A(t,`good check`)} in a row bring it back.`:`The cause is gone: ${e} of ${A(t,`good check`)} in a row are there.`}customElements.define(`soma-level`,jl);var Pl=class extends z{static styles=[T,E,o`
      :host {
        display: grid;
        grid-template: var(--bar) minmax(0, 1fr) / minmax(0, 1fr);
        min-height: 0;
        background: var(--ground);
      }
      .top {
        display: flex;
        align-items: center;
        gap: var(--s2);
        padding: 0 var(--s2) 0 var(--s3);
        border-bottom: 1px solid var(--hairline);
      }
      [role="tablist"] {
        display: flex;
        flex: 1;
        align-self: stretch;
      }
      [role="tab"] {
        height: 100%;
        padding: 0 10px;
        border: 0;
        border-radius: 0;
        background: none !important;
        color: var(--ink-soft);
        font-size: var(--size-small);
      }
      [role="tab"]:hover {
        color: var(--ink);
      }
      [role="tab"][aria-selected="true"] {
        box-shadow: inset 0 -2px var(--accent);
        color: var(--ink);
        font-weight: 600;
      }
      @media (max-width: 420px) {
        .top {
          padding: 0 var(--s1);
        }
        [role="tab"] {
          padding: 0 7px;
        }
      }
      [role="tabpanel"] {
        padding: var(--s4);
        overflow-y: auto;
      }
      [role="tabpanel"]:focus-visible,
      [role="tab"]:focus-visible {
        outline-offset: -2px;
      }
    `];watched(){return[this.store.layout.tab]}render(){let{layout:e}=this.store,{value:t}=e.tab;return y`
      <div class="top">
        <div role="tablist" aria-label="About this conversation" @keydown=${e=>this.#t(e)}>
          ${L.map(n=>y`<button
              role="tab"
              type="button"
              id=${`tab-${n}`}
              aria-selected=${n===t}
              aria-controls="panel"
              tabindex=${n===t?0:-1}
              @click=${()=>e.openDrawer(n)}
            >
              ${M(n)}
            </button>`)}
        </div>
        <button class="plain icon" type="button" aria-label="Close" title="Close (Escape)" @click=${()=>e.closeDrawer()}>
          ${w(`close`)}
        </button>
      </div>
      <div id="panel" role="tabpanel" tabindex="0" aria-labelledby=${`tab-${t}`}>${this.#e(t)}</div>
    `}#e(e){switch(e){case`receipt`:return y`<soma-receipt .store=${this.store}></soma-receipt>`;case`mind`:return y`<soma-mind .store=${this.store}></soma-mind>`;case`memory`:return y`<soma-memory .store=${this.store}></soma-memory>`;case`budget`:return y`<soma-budget .store=${this.store}></soma-budget>`;case`level`:return y`<soma-level .store=${this.store}></soma-level>`}}#t(e){let t=e.key===`ArrowRight`?1:e.key===`ArrowLeft`?L.length-1:0,n=L[(L.indexOf(this.store.layout.tab.value)+t)%L.length];t!==0&&n!==void 0&&(e.preventDefault(),this.store.layout.openDrawer(n),this.updateComplete.then(()=>this.renderRoot.querySelector(`#tab-${n}`)?.focus()))}};customElements.define(`soma-drawer`,Pl);var Fl={connecting:`Connecting`,connected:`Connected`,lost:`Reconnecting.`,locked:`This browser has no session. Open the page on the machine that runs the mesh.`},Il={system:`half`,light:`sun`,dark:`moon`},Ll=class extends z{static styles=[T,E,o`
      :host {
        display: flex;
        align-items: center;
        gap: var(--s4);
        min-height: 30px;
        padding: 0 var(--s2) 0 var(--s4);
        border-top: 1px solid var(--hairline);
        background: var(--sunken);
        color: var(--ink-soft);
        font-size: var(--size-tiny);
        white-space: nowrap;
      }
      .link::before {
        content: "";
        display: inline-block;
        width: 7px;
        height: 7px;
        margin-right: 6px;
        border: 1px solid var(--outline);
        border-radius: 50%;
      }
      .link.connected::before {
        border-color: var(--accent);
        background: var(--accent);
      }
      .link.lost,
      .link.locked,
      .bad {
        color: var(--bad);
      }
      .link.lost,
      .link.locked {
        min-width: 0;
        white-space: normal;
      }
      .link.lost::before,
      .link.locked::before {
        border-color: var(--bad);
      }
      .end {
        margin-left: auto;
      }
      .cut {
        min-width: 0;
      }
      button.plain {
        min-height: 24px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      button.left {
        display: block;
        max-width: 100%;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      @media (max-width: 560px) {
        :host {
          gap: var(--s3);
          padding-left: var(--s3);
        }
        .services,
        .level,
        .model,
        .theme span {
          display: none;
        }
      }
    `];watched(){let{mesh:e,turns:t,layout:n,level:r}=this.store;return[e.link,e.level,e.usedModel,e.models,e.budget,e.services,t.running,t.modelId,n.theme,r.status]}render(){let{mesh:e,layout:t,turns:n}=this.store,r=n.modelId.value||e.model,i=this.#t(),a=t.theme.value,o=N(this.store.level.status.value?.level??e.level.value),s=this.#n();return y`
      <span class=${`link ${e.link.value}`} role="status">${this.#e()}</span>
      ${i.length>0?y`<span class="bad services">${i.join(`, `)} down</span>`:S}
      ${o===``?S:y`<span class=${o===`L0`?`level`:`level bad`}>Level ${o}</span>`}
      ${r===``?S:y`<span class="cut model">${r}</span>`}
      <span class="end cut">
        ${s===``?S:y`<button class="plain left" type="button" title="Open the budgets" @click=${()=>t.openDrawer(`budget`)}>${s}</button>`}
      </span>
      <button
        class="plain theme"
        type="button"
        aria-label=${`Theme: ${a}. Change it.`}
        @click=${()=>t.nextTheme()}
      >
        ${w(Il[a])} <span>${a}</span>
      </button>
    `}#e(){let{mesh:e,turns:t}=this.store;return e.link.value===`lost`&&t.running.value!==void 0?`Reconnecting. The answer goes on without you.`:Fl[e.link.value]}#t(){let{level:e,mesh:t}=this.store,n=Object.entries(t.services.value).filter(([,e])=>e===`down`);return e.status.value===void 0?n.map(([e])=>e):Xo(e.status.value.dependencies)}#n(){let e=this.store.mesh.budget.value;if(e===void 0)return``;let t=Number(e.limit_tokens)-Number(e.used_tokens)-Number(e.held_tokens),n=Number(e.limit_micros)-Number(e.used_micros)-Number(e.held_micros),r=[Number(e.limit_tokens)>0?`${_t(Math.max(0,t))} tokens`:``,Number(e.limit_micros)>0?yt(Math.max(0,n)):``].filter(e=>e!==``);return r.length===0?``:`${r.join(`, `)} left today`}};customElements.define(`soma-foot`,Ll);var Rl=[[`system`,`Follow the system's light or dark`],[`light`,`Light`],[`dark`,`Dark`]];function zl(e){return[...Bl(e),...Hl(e),...Ul(e),...Wl(e),...Gl(e)]}function Bl(e){let{layout:t,turns:n,asksIn:r}=e,i=[{name:`New chat`,group:`Do`,keys:`Alt N`,run:()=>e.newChat()}];return n.running.value===void 0?i.push(...Vl(e)):i.push({name:`Stop the answer`,group:`Do`,keys:`Esc`,run:()=>n.stop()}),r!==void 0&&i.push({name:`Go to what waits for consent`,group:`Do`,keys:`Alt A`,run:()=>e.openApproval(r)}),L.forEach((e,n)=>{i.push({name:`Open ${M(e)}`,group:`Do`,keys:`Alt ${n+1}`,run:()=>t.openDrawer(e)})}),t.drawerOpen.value&&i.push({name:`Close the drawer`,group:`Do`,keys:`Esc`,run:()=>t.closeDrawer()}),i}function Vl({thread:e,turns:t,layout:n,files:r}){let i=[],a=e.entries.value.findLast(e=>e.role===`user`&&e.messageId!==``),{last:o}=e;a!==void 0&&i.push({name:`Edit the last question`,group:`Do`,keys:`↑`,run:()=>n.editing.value=a}),o?.role===`assistant`&&i.push({name:`Answer again`,group:`Do`,keys:``,run:()=>t.regenerate(o)});let{value:s}=e.conversationId;return s!==``&&(i.push({name:`Export as JSON`,group:`Do`,keys:``,run:()=>void r.take(s,`json`)}),i.push({name:`Export as Markdown`,group:`Do`,keys:``,run:()=>void r.take(s,`markdown`)})),i.push({name:`Import a conversation`,group:`Do`,keys:``,run:()=>r.choose()}),i}function Hl(e){return Rl.map(([t,n])=>({name:n,group:`Theme`,keys:``,run:()=>e.layout.setTheme(t)}))}function Ul(e){let{value:t}=e.mesh.agents;return t.length<2?[]:t.map(t=>({name:`New chat with ${t.name}`,group:`Agent`,keys:``,run:()=>{e.newChat(),e.thread.agentId=t.agent_id}}))}function Wl({mesh:e,turns:t}){let{value:n}=e.models;if(n.length<2)return[];let r=e=>()=>t.modelId.value=e;return[{name:`The agent's own model answers`,group:`Model`,keys:``,run:r(``)},...n.map(({model_profile_id:e})=>({name:`${e} answers`,group:`Model`,keys:``,run:r(e)}))]}function Gl(e){return(e.chats.list.value??[]).map(t=>({name:e.chats.nameOf(t)||`Untitled chat`,group:`Go to`,keys:``,run:()=>e.openChat(t.conversation_id)}))}function Kl(e,t){let n=t.toLowerCase().split(/\s+/).filter(e=>e!==``),r=e=>{let t=`${e.group} ${e.name}`.toLowerCase();return n.every(e=>t.includes(e))},i=n[0]??``,a=e=>+!e.name.toLowerCase().startsWith(i);return e.filter(r).sort((e,t)=>a(e)-a(t))}var ql=50,Jl=class extends z{static properties={text:{state:!0},chosen:{state:!0}};static styles=[T,E,o`
      dialog {
        width: min(560px, calc(100vw - 24px));
        max-height: min(480px, 80dvh);
        margin: 12dvh auto auto;
        padding: 0;
        border: 1px solid var(--outline);
        border-radius: 10px;
        background: var(--raised);
        color: var(--ink);
        overflow: hidden;
      }
      dialog[open] {
        display: flex;
        flex-direction: column;
      }
      dialog::backdrop {
        background: var(--veil);
      }
      input {
        width: 100%;
        min-height: 48px;
        padding: 0 var(--s4);
        border: 0;
        border-bottom: 1px solid var(--hairline);
        border-radius: 0;
        background: none;
      }
      input:focus-visible {
        outline: none;
      }
      [role="listbox"] {
        padding: var(--s2);
        overflow-y: auto;
      }
      [role="option"] {
        display: flex;
        align-items: center;
        gap: var(--s3);
        min-height: 34px;
        padding: 0 var(--s2);
        border-radius: var(--corner);
        cursor: pointer;
      }
      [role="option"][aria-selected="true"] {
        background: var(--accent-soft);
        box-shadow: inset 2px 0 var(--accent);
      }
      [role="option"] .group {
        flex: none;
        width: 56px;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      [role="option"] .cut {
        flex: 1;
      }
      p {
        padding: var(--s4);
      }
    `];#e=[];constructor(){super(),this.text=``,this.chosen=0}watched(){let{mesh:e,chats:t}=this.store;return[e.models,e.agents,t.list]}willUpdate(e){let t=this.#e[this.chosen];if(this.#e=Kl(zl(this.store),this.text).slice(0,ql),!e.has(`text`)&&!e.has(`chosen`)){let e=this.#e.findIndex(({group:e,name:n})=>e===t?.group&&n===t.name);this.chosen=Math.max(0,e)}}firstUpdated(){this.renderRoot.querySelector(`dialog`)?.showModal()}updated(){this.renderRoot.querySelector(`[aria-selected="true"]`)?.scrollIntoView({block:`nearest`})}render(){let e=this.#e;return y`<dialog
      aria-label="Commands"
      @close=${()=>this.store.layout.paletteOpen.value=!1}
      @click=${e=>this.#a(e)}
    >
      <input
        role="combobox"
        aria-label="Command"
        aria-expanded="true"
        aria-controls="list"
        aria-activedescendant=${e.length===0?S:`option-${this.chosen}`}
        placeholder="Go to a chat, or do something"
        autocomplete="off"
        autofocus
        .value=${this.text}
        @input=${e=>this.#n(e.target.value)}
        @keydown=${t=>this.#r(t,e)}
      />
      ${e.length===0?y`<p class="quiet" role="status">No command and no chat is called so.</p>`:y`<div id="list" role="listbox" aria-label="Commands">${e.map((e,t)=>this.#t(e,t))}</div>`}
    </dialog>`}#t(e,t){return y`<div
      id=${`option-${t}`}
      role="option"
      aria-selected=${t===this.chosen}
      @mousemove=${()=>this.chosen=t}
      @click=${()=>this.#i(e)}
    >
      <span class="group">${e.group}</span><span class="cut">${e.name}</span>
      ${e.keys===``?S:y`<kbd>${e.keys}</kbd>`}
    </div>`}#n(e){this.text=e,this.chosen=0}#r(e,t){let n=e.key===`ArrowDown`?1:e.key===`ArrowUp`?-1:0,r=t[this.chosen];n!==0&&t.length>0?(e.preventDefault(),this.chosen=(this.chosen+n+t.length)%t.length):e.key===`Enter`&&r!==void 0&&(e.preventDefault(),this.#i(r))}#i(e){this.renderRoot.querySelector(`dialog`)?.close(),e.run()}#a(e){e.target===e.currentTarget&&this.renderRoot.querySelector(`dialog`)?.close()}};customElements.define(`soma-palette`,Jl);var Yl=class extends z{static styles=[T,E,D,o`
      :host {
        display: grid;
        grid-template: minmax(0, 1fr) auto / var(--rail) minmax(0, 1fr) auto;
        grid-template-areas: "rail talk drawer" "foot foot foot";
        height: 100dvh;
      }
      soma-rail {
        grid-area: rail;
        border-right: 1px solid var(--hairline);
      }
      main {
        grid-area: talk;
        display: grid;
        grid-template: var(--bar) minmax(0, 1fr) auto auto / minmax(0, 1fr);
        min-width: 0;
      }
      soma-drawer {
        grid-area: drawer;
        width: var(--drawer);
        border-left: 1px solid var(--hairline);
      }
      soma-foot {
        grid-area: foot;
      }
      .skip {
        position: fixed;
        z-index: 5;
        top: var(--s2);
        left: var(--s2);
        transform: translateY(-64px);
      }
      .skip:focus {
        transform: none;
      }
      main > .problem {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--s3);
        margin: 0 var(--s5) var(--s2);
      }
      .veil {
        position: fixed;
        z-index: 2;
        inset: 0;
        border: 0;
        border-radius: 0;
        background: var(--veil);
      }
      @media (max-width: 1179.98px) {
        :host {
          grid-template-columns: 224px minmax(0, 1fr) auto;
        }
        soma-drawer {
          width: 336px;
        }
      }
      @media (max-width: 899.98px) {
        :host {
          grid-template-columns: minmax(0, 1fr);
          grid-template-areas: "talk" "foot";
        }
        soma-rail,
        soma-drawer {
          position: fixed;
          z-index: 3;
          inset: 0 auto 0 0;
          width: min(var(--rail), 86vw);
          background: var(--ground);
        }
        soma-drawer {
          inset: 0 0 0 auto;
          width: min(420px, 100vw);
        }
      }
    `];constructor(){super(),this.store=new Or}watched(){let{layout:e}=this.store;return[e.narrow,e.railOpen,e.drawerOpen,e.paletteOpen,e.said,e.problem]}connectedCallback(){super.connectedCallback(),addEventListener(`keydown`,this.#o),this.store.start()}disconnectedCallback(){super.disconnectedCallback(),removeEventListener(`keydown`,this.#o)}render(){let{store:e}=this,{narrow:t,railOpen:n,drawerOpen:r,paletteOpen:i,said:a,problem:o}=e.layout,s=t.value&&(n.value||r.value);return y`
      <button class="skip" type="button" @click=${()=>this.focusComposer()}>Go to the message box</button>
      <soma-rail role="navigation" aria-label="Conversations" .store=${e} ?hidden=${t.value&&!n.value}></soma-rail>
      <main ?inert=${s}>
        <soma-head .store=${e}></soma-head>
        <soma-thread .store=${e} @soma-ask=${e=>this.#i(e.detail)} @soma-done=${()=>this.focusComposer()}></soma-thread>
        ${o.value===void 0?y`<span></span>`:this.#e(o.value)}
        <soma-composer .store=${e}></soma-composer>
      </main>
      ${r.value?y`<soma-drawer role="complementary" aria-label="Drawer" .store=${e}></soma-drawer>`:S}
      <soma-foot role="contentinfo" .store=${e} ?inert=${s}></soma-foot>
      ${s?y`<button class="veil" type="button" aria-label="Close" @click=${()=>this.#a()}></button>`:S}
      ${i.value?y`<soma-palette .store=${e}></soma-palette>`:S}
      <p class="unseen" role="status" aria-live="polite">${a.value}</p>
    `}#e(e){return y`<div class="problem" role="alert">
      <p>${e.message}</p>
      <button class="plain icon" type="button" aria-label="Close" @click=${()=>this.store.layout.problem.value=void 0}>${w(`close`)}</button>
    </div>`}updated(){let{narrow:e,railOpen:t,drawerOpen:n}=this.store.layout,r=e.value&&n.value?`soma-drawer`:e.value&&t.value?`soma-rail`:``;r!==this.#t&&(this.#t=r,this.#n(r))}#t=``;async#n(e){if(e===``){this.focusComposer();return}let t=this.renderRoot.querySelector(e);await t?.updateComplete,t?.renderRoot.querySelector(`[aria-selected="true"], button`)?.focus()}focusComposer(){this.#r?.focusField()}get#r(){return this.renderRoot.querySelector(`soma-composer`)}#i(e){this.store.turns.say(e),this.focusComposer()}#a(){this.store.layout.railOpen.value=!1,this.store.layout.narrow.value&&this.store.layout.closeDrawer()}#o=e=>{let{layout:t,asksIn:n}=this.store;if((e.ctrlKey||e.metaKey)&&!e.altKey&&e.key.toLowerCase()===`k`)e.preventDefault(),t.paletteOpen.value=!t.paletteOpen.value;else if(e.key===`Escape`&&!e.defaultPrevented)this.#s();else if(e.altKey&&!e.ctrlKey&&!e.metaKey){let r=L[Number(e.code.replace(`Digit`,``))-1];e.code===`KeyN`?(e.preventDefault(),this.store.newChat(),this.focusComposer()):e.code===`KeyA`&&n!==void 0?(e.preventDefault(),this.store.openApproval(n)):r!==void 0&&(e.preventDefault(),t.toggleDrawer(r))}else e.key!==`/`||e.ctrlKey||e.metaKey||Xl(e)||(e.preventDefault(),this.focusComposer())};#s(){let{layout:e,turns:t}=this.store;e.narrow.value&&(e.railOpen.value||e.drawerOpen.value)?this.#a():t.running.value===void 0?e.drawerOpen.value&&(e.closeDrawer(),this.focusComposer()):t.stop()}};function Xl(e){let t=e.composedPath()[0];return t instanceof HTMLElement&&t.matches(`input, textarea, select, [contenteditable]`)}customElements.define(`soma-app`,Yl);