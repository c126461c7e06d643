/** The picture behind the head of the page: platform, flight and water. Decoration only. */
export function PoolScene() {
  return (
    <div className="scene" aria-hidden="true">
      <svg className="scene-wave" viewBox="0 0 1440 60" preserveAspectRatio="none" focusable="false">
        <path d="M0 30c60-22 120-22 180 0s120 22 180 0 120-22 180 0 120 22 180 0 120-22 180 0 120 22 180 0 120-22 180 0 120 22 180 0v30H0z" />
      </svg>
    </div>
  );
}
